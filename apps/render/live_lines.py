"""Lines about live sources: how a watch does, what happened, what a probe found."""

from __future__ import annotations

import time

from apps.render.lines import format_bytes, one_line
from apps.times import format_time
from capture import FileProbe, SourceProbe
from streamvid.live import WatchEvent, WatchStatus

_MARKS = {"seeing": "●", "frozen": "◐", "connecting": "○", "ended": "■", "stopped": "■"}
_BLIND = "✕"


def watch_line(name: str, status: WatchStatus) -> str:
    """How a watch does, in one line: state, newest frame, where the ticks went, what it holds."""
    source, counters = status.source, status.counters
    parts = [f"{_MARKS.get(source.state, _BLIND)} {state_words(status)}", one_line(name)]
    if source.last_frame_age_s is not None:
        parts.append(f"frame {source.last_frame_age_s:.0f} s ago")
    counts = f"seen {counters.seen:,} covered {counters.covered:,}"
    counts += f" dropped {counters.dropped:,} gapped {counters.gapped:,}"
    parts.append(counts)
    if source.reconnects:
        parts.append(f"reconnects {source.reconnects}")
    parts.append(format_bytes(status.held_bytes))
    if status.trouble:
        parts.append(one_line(status.trouble))
    return "  ".join(parts)


def state_words(status: WatchStatus) -> str:
    """The state, with why and what comes next where it is not well."""
    source = status.source
    words: str = source.state
    if source.state in ("seeing", "ended", "stopped"):
        return words
    if source.reason not in ("opening", source.state):
        words += f", {source.reason}"
    if source.state in ("reconnecting", "refused") and source.next_attempt_in_s is not None:
        words += f", attempt {source.attempt + 1} in {source.next_attempt_in_s:.0f} s"
    else:
        words += f" for {format_time(source.since_s)}"
    return words


def event_line(event: WatchEvent) -> str | None:
    """What happened, with the wall clock; ``None`` of what the live line shows as well."""
    at = time.strftime("%H:%M:%S", time.localtime(event.wall_s))
    match event.kind:
        case "state":
            words = (
                event.state
                if event.reason in (event.state, "frames")
                else (f"{event.state}: {event.reason}")
            )
            words += f" ({event.detail})" if event.detail else ""
        case "gap" if event.end_s is None:
            words = f"nothing seen from {format_time(event.t_s)} on: {event.reason}"
        case "gap":
            until = format_time(event.end_s or 0)
            words = f"nothing was seen from {format_time(event.t_s)} to {until}: {event.reason}"
        case "dropped":
            ticks = round((event.end_s or event.t_s) - event.t_s)
            words = f"dropped {ticks} frames from {format_time(event.t_s)} on: too much to do"
        case "retention":
            words = f"forgot what lay before {format_time(event.end_s or 0)} ({event.detail})"
        case _:
            words = f"disk: {event.detail}"
    return f"{at}  {one_line(words)}"


def source_probe_lines(name: str, probe: SourceProbe) -> list[str]:
    """A live source's properties, one a line."""
    rows = [
        ("source", name),
        ("video", _video(probe)),
        ("rate", _rate(probe.claimed_fps, probe.measured_fps)),
        (
            "key frames",
            f"every {probe.key_interval_s:.2g} s at the longest"
            if probe.key_interval_s
            else f"fewer than two in {probe.watched_s:.1f} s",
        ),
        ("sound", "yes" if probe.has_sound else "no"),
        ("kept", probe.sampled),
    ]
    if probe.ignored_options:
        rows.append(("not known to FFmpeg", ", ".join(probe.ignored_options)))
    return _columns(rows)


def file_probe_lines(name: str, probe: FileProbe) -> list[str]:
    """A file's properties, one a line."""
    ticks = "only decoding can tell" if probe.ticks is None else f"{probe.ticks:,} frames"
    rows = [
        ("file", name),
        ("video", _video(probe)),
        ("rate", _rate(probe.claimed_fps, probe.mean_fps)),
        ("length", "unknown" if probe.seen_s is None else format_time(probe.seen_s)),
        (
            "key frames",
            f"{probe.key_packets:,}"
            + (f", every {probe.key_interval_s:.3g} s at most" if probe.key_interval_s else ""),
        ),
        ("sound", "yes" if probe.has_sound else "no"),
        ("kept", f"the first picture of each second at {_size(probe.kept)}: {ticks}"),
    ]
    if probe.not_seekable:
        rows.append(("not seekable", probe.not_seekable))
    if probe.cut_short:
        rows.append(("cut short", "the file ends before its headers say"))
    return _columns(rows)


def _video(probe: SourceProbe | FileProbe) -> str:
    words = f"{probe.codec} {_size(probe.coded)} {probe.pixel_format} in {probe.container}"
    if probe.pixel_aspect not in ("1", "1/1", "1:1", ""):
        words += f", pixels {probe.pixel_aspect}"
    if probe.rotation_deg:
        words += f", turned by {probe.rotation_deg} degrees"
    return words + (", mirrored" if probe.mirrored else "")


def _size(size_px: tuple[int, int]) -> str:
    return f"{size_px[0]}x{size_px[1]}"


def _rate(claimed_fps: float | None, measured_fps: float | None) -> str:
    measured = "unknown" if measured_fps is None else f"{measured_fps:.4g} frames/s"
    return measured + ("" if claimed_fps is None else f" (said to be {claimed_fps:.4g})")


def _columns(rows: list[tuple[str, str]]) -> list[str]:
    width = max(len(name) for name, _ in rows)
    return [f"{name:<{width}}  {one_line(value)}" for name, value in rows]
