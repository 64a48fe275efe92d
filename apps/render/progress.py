"""An ingest's progress on stderr: a bar with rate and time left, or plain lines elsewhere."""

from __future__ import annotations

import os
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from apps.times import format_time
from streamvid.ingest import IngestProgress

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PLAIN_EVERY_S = 10.0
TIP_FROM_S = 60.0
_WITHOUT_CURSOR = ("dumb", "unknown")

_STAGES = {
    "index": "reading the index",
    "previews": "looking through it",
    "frames": "watching",
    "attached": "another streamvid watches",
    "reencoding": "encoding anew",
    "finished": "watched",
}


class ProgressView:
    """Takes each ``IngestProgress`` and shows it; a context manager that leaves the line clean.

    ``last`` is the newest progress, so that a stopped ingest can say how far it came. ``tip`` is a
    line shown once where more than a minute is left.
    """

    def __init__(self, stream: TextIO, *, name: str, tip: str = "") -> None:
        self.last: IngestProgress | None = None
        self._tip = tip
        self._stream = stream
        self._name = name
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._plain_at_s = 0.0
        # A bar moves the cursor; a terminal that cannot do that gets lines.
        self._draws = stream.isatty() and os.environ.get("TERM") not in _WITHOUT_CURSOR

    def __call__(self, progress: IngestProgress) -> None:
        """Show ``progress``; called from the thread that ingests."""
        stage_changed = self.last is None or self.last.stage != progress.stage
        self.last = progress
        if self._draws:
            self._draw(progress)
        elif progress.stage != "finished" and (
            stage_changed or progress.elapsed_s - self._plain_at_s >= PLAIN_EVERY_S
        ):
            self._plain_at_s = progress.elapsed_s
            self._write(f"{self._name}: {progress_text(progress)}")
        if self._tip and progress.stage == "frames" and (progress.eta_s or 0.0) >= TIP_FROM_S:
            self._write(self._tip)
            self._tip = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _write(self, line: str) -> None:
        """A line of its own, above the bar where there is one."""
        if self._bar is not None:
            self._bar.console.print(line, soft_wrap=True)
            return
        self._stream.write(line + "\n")
        self._stream.flush()

    def _draw(self, progress: IngestProgress) -> None:
        if self._bar is None:
            self._bar, self._task = _start_bar(self._stream)
        assert self._task is not None
        done, expected = progress.done_ticks, progress.expected_ticks
        if progress.stage == "previews":  # they settle no tick, and take minutes of a long file
            done, expected = progress.previews, progress.expected_previews
        self._bar.update(
            self._task,
            description=_STAGES[progress.stage],
            completed=done,
            total=expected,
            numbers=_numbers(progress),
        )


def progress_text(progress: IngestProgress) -> str:
    """One line: stage, how far of how much, rate, time left."""
    return f"{_STAGES[progress.stage]} {_numbers(progress)}"


def _numbers(progress: IngestProgress) -> str:
    if progress.stage == "previews":  # they settle no second
        of_all = "" if progress.expected_previews is None else f" of {progress.expected_previews}"
        return f"{progress.previews}{of_all} previews"
    words = format_time(progress.done_ticks)
    if progress.expected_ticks is not None:
        words += f" of {format_time(progress.expected_ticks)}"
    if progress.rate_tps > 0:
        # A tick is one second of video, so this is also how much faster than life it goes.
        words += f", {progress.rate_tps:.0f} frames/s"
    if progress.eta_s is not None and progress.stage != "finished":
        words += f", {format_time(progress.eta_s)} left"
    return words


def _start_bar(stream: TextIO) -> tuple[Progress, TaskID]:
    # rich costs 60 ms to import; only a bar needs it.
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TaskProgressColumn(),
        TextColumn("{task.fields[numbers]}", markup=False),
        console=Console(file=stream, markup=False, highlight=False),
        transient=True,
    )
    bar.start()
    return bar, bar.add_task("", numbers="", total=None)
