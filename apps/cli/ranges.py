"""The part of a recording that a command is about, as it stands on the command line."""

from __future__ import annotations

import functools
import time
from typing import Any

import click

from apps.cli.options import Command, TimeText
from apps.errors import TimeTextError
from apps.times import WallTime, parse_moment
from streamvid.answer import TimeRange


class MomentText(click.ParamType[float | WallTime]):
    """A stream time, or a wall-clock time behind an ``@``."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | WallTime:
        """The time; a misuse where it is none."""
        if isinstance(value, float | WallTime):
            return value
        try:
            return parse_moment(str(value), now_s=time.time())
        except TimeTextError as error:
            self.fail(str(error), param, ctx)


def to_range(
    start: float | WallTime | None, end: float | WallTime | None, last_s: float | None = None
) -> TimeRange:
    """What was written as a range. Raises ``RangeError`` where it is none."""
    return TimeRange(
        start_s=None if isinstance(start, WallTime) else start,
        end_s=None if isinstance(end, WallTime) else end,
        last_s=last_s,
        start_wall_s=start.wall_s if isinstance(start, WallTime) else None,
        end_wall_s=end.wall_s if isinstance(end, WallTime) else None,
    )


def time_options(function: Command) -> Command:
    """Add ``--from``, ``--to`` and ``--last``; call ``function`` with ``within=TimeRange``."""

    @click.option(
        "--from",
        "start",
        type=MomentText(),
        metavar="TIME",
        help="From here on: m:ss, h:mm:ss or seconds; of a live recording also by this machine's"
        " wall clock, @14:02, @14:02:30 (the latest) or @2026-11-24T14:02. Default: 0.",
    )
    @click.option(
        "--to",
        "end",
        type=MomentText(),
        metavar="TIME",
        help="Up to here, written as --from. Default: its end.",
    )
    @click.option(
        "--last", "last_s", type=TimeText(), metavar="TIME", help="Only its last stretch."
    )
    @functools.wraps(function)
    def command(
        *arguments: Any,
        start: float | WallTime | None,
        end: float | WallTime | None,
        last_s: float | None,
        **rest: Any,
    ) -> None:
        function(*arguments, within=to_range(start, end, last_s), **rest)

    return command
