"""Lines below an answer or a search: moments, what was seen, how exact it is. Pure functions.

``now_s`` (POSIX seconds) and ``zone`` are the reader's clock; ``None`` is this machine's zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from apps.render.lines import one_line, plain
from apps.stills import SavedMoment
from apps.times import format_time, format_wall, is_of_day
from streamvid.answer import Answer, CoverageReport, SearchResult


def answer_lines(
    answer: Answer, moments: Sequence[SavedMoment], *, now_s: float, zone: tzinfo | None = None
) -> list[str]:
    """What stands below an answer: its moments, what was seen, how exact it is."""
    lines = moment_lines(moments, answer.coverage, now_s=now_s, zone=zone)
    lines.append(answer.coverage.text)
    if answer.finish != "blind":
        lines.append(f"exactness: {', '.join(answer.exactness)}")
    if answer.finish == "length":
        lines.append("cut at the longest answer; --set max_new_tokens=N allows more")
    elif answer.finish in ("cancelled", "deadline"):
        lines.append(f"the answer is not complete: {answer.finish}")
    return lines


def timing_line(answer: Answer) -> str:
    """How long it took and what it cost, in one line."""
    usage, timings = answer.usage, answer.timings
    reused = ", memory read before" if usage.context_reused else ""
    speed = (
        f"first words after {timings.first_text_s:.1f} s, {usage.tokens_per_s:.0f} tokens/s, "
        if answer.text
        else ""
    )
    return (
        f"{speed}{usage.range_frames} frames in {usage.view_tokens} tokens{reused};"
        f" {plain(answer.language_model)}"
    )


def search_lines(
    result: SearchResult,
    moments: Sequence[SavedMoment],
    *,
    now_s: float,
    zone: tzinfo | None = None,
) -> list[str]:
    """Moments of a search, best first, then what could be searched."""
    lines = moment_lines(moments, result.coverage, now_s=now_s, zone=zone)
    return [*lines, result.coverage.text]


def moment_lines(
    moments: Sequence[SavedMoment],
    coverage: CoverageReport,
    *,
    now_s: float,
    zone: tzinfo | None = None,
) -> list[str]:
    """One line a moment, ``m:ss  score  still``, in columns; a live one has its wall clock too.

    With the date, unless the moments and all of the range are of today.
    """
    dated = not all(is_of_day(wall_s, now_s, zone) for wall_s in _wall_times(moments, coverage))
    times = [_moment_time(moment, dated=dated, zone=zone) for moment in moments]
    width = max(map(len, times), default=0)
    return [
        f"{time_:>{width}}  {moment.score:6.3f}  {one_line(str(moment.still))}"
        for time_, moment in zip(times, moments, strict=True)
    ]


def _moment_time(moment: SavedMoment, *, dated: bool, zone: tzinfo | None) -> str:
    """``0:24 (14:02:11)``; the recording's time alone where it has no wall clock."""
    if moment.wall_s is None:
        return format_time(moment.t_s)
    return f"{format_time(moment.t_s)} ({format_wall(moment.wall_s, dated=dated, zone=zone)})"


def _wall_times(moments: Sequence[SavedMoment], coverage: CoverageReport) -> list[float]:
    """By the wall clock: the moments, and both ends of the range as the nearest moment has them.

    Where the clock was set in between, an end is off by as much; only whether dates are shown
    hangs on it.
    """
    known = sorted((m.t_s, m.wall_s) for m in moments if m.wall_s is not None)
    if not known:
        return []
    (first_s, first_wall_s), (last_s, last_wall_s) = known[0], known[-1]
    return [
        first_wall_s + (coverage.start_s - first_s),
        *(wall_s for _, wall_s in known),
        last_wall_s + (coverage.end_s - last_s),
    ]
