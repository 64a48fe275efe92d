"""Lines for people: recordings, settings, and text itself. Pure functions of values."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Sequence

from apps.settings import Resolved, setting_text
from apps.times import format_time
from streamvid.ingest import IngestReport, ReencodeReport
from streamvid.session import Inspection, RecordingSummary

NEWEST_SHOWN = 20
"""Gaps and events of a live recording that are told in words; ``--json`` has more."""

# C0, DEL and C1: a file name or a model's words must not move the cursor or recolour a terminal.
_CONTROLS = {c: None for c in (*range(0x20), *range(0x7F, 0xA0)) if chr(c) not in "\n\t"}


def plain(text: str) -> str:
    """``text`` without control characters; new lines and tabs stay."""
    return text.translate(_CONTROLS)


def one_line(text: str) -> str:
    """``text`` without control characters on one line: a file's name may hold a line break."""
    return " ".join(plain(text).splitlines()).replace("\t", " ")


def report_line(report: IngestReport) -> str:
    """What an ingest did."""
    if report.attached:
        did = f"watched by another streamvid: {report.frames:,} frames"
    elif report.new_frames == 0:
        did = f"remembered already: {report.frames:,} frames"
    else:
        again = "went on and " if report.resumed else ""
        did = f"{again}remembered {report.new_frames:,} frames in {report.elapsed_s:.1f} s"
    extras = [
        f"{report.ticks_gapped} s not seen" if report.ticks_gapped else "",
        f"{report.ticks_pending} s still to watch" if report.ticks_pending else "",
        f"damaged: packets {report.damage_packets}, frames {report.damage_frames}"
        if report.damage_packets or report.damage_frames
        else "",
    ]
    return ", ".join([f"{one_line(report.name)}: {did}", *filter(None, extras)])


def reencode_line(report: ReencodeReport) -> str:
    """What a reencode did."""
    if report.already:
        return f"{one_line(report.name)}: encoded by this model already: {report.frames:,} frames"
    again = "went on and " if report.resumed else ""
    did = f"{again}encoded {report.new_frames:,} frames anew in {report.elapsed_s:.1f} s"
    return f"{one_line(report.name)}: {did}"


def inspection_lines(seen: Inspection) -> list[str]:
    """What is remembered of a recording, one fact a line."""
    summary = seen.summary
    facts = [
        ("name", summary.name),
        ("id", summary.recording_id),
        ("source", summary.source),
        ("state", _state(summary)),
        ("sampling", "key frames only" if seen.sampling == "keys" else "one frame a second"),
        ("length", _length(summary)),
        ("frames", f"{seen.frames:,}" + (f" and {seen.previews:,} previews" * bool(seen.previews))),
        (
            "seconds",
            f"{seen.ticks_expected:,} = {seen.ticks_seen:,} seen + {seen.ticks_covered:,} covered"
            f" + {seen.ticks_dropped:,} dropped + {seen.ticks_gapped:,} in gaps"
            f" + {seen.ticks_pending:,} pending",
        ),
        ("coverage", seen.coverage_text),
        *_live_facts(seen),
        *_gap_facts(seen),
        ("damage", f"packets {seen.damage_packets}, frames {seen.damage_frames}"),
        ("size", format_bytes(seen.size_bytes)),
        ("model", f"{seen.model}, fingerprint {seen.fingerprint[:16]}"),
    ]
    if seen.replaces:
        facts.append(("replaces", f"{seen.replaces} (the file changed)"))
    return [f"{label:<9} {one_line(value)}" for label, value in facts]


def list_lines(recordings: Sequence[RecordingSummary]) -> list[str]:
    """A table of recordings: name, id, length, size, when, state."""
    head = ("name", "id", "length", "size", "watched", "state")
    rows = [
        (
            one_line(recording.name) or "-",
            _id(recording),
            _length(recording),
            format_bytes(recording.size_bytes),
            _day(recording.updated_wall_s),
            _state(recording),
        )
        for recording in recordings
    ]
    table = [head, *rows]
    widths = [max(_columns(row[column]) for row in table) for column in range(len(head))]
    return [
        "  ".join(
            cell + " " * (width - _columns(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in table
    ]


def _id(recording: RecordingSummary) -> str:
    """As much of an id as tells it from others: a live one's is its name, or the whole."""
    if recording.kind == "file":
        return recording.recording_id[:12]
    if recording.name == recording.recording_id:
        return "its name"
    return one_line(recording.recording_id)


def settings_lines(resolved: Resolved) -> list[str]:
    """Each setting, its value and where it came from; empty means the model's own default."""
    rows = [
        (name, "" if value is None else setting_text(value), resolved.origins[name])
        for name, value in resolved.values().items()
    ]
    name_width = max(len(row[0]) for row in rows)
    value_width = max(len(row[1]) for row in rows)
    return [f"{n:<{name_width}}  {v:<{value_width}}  {origin}" for n, v, origin in rows]


def format_bytes(size_bytes: int) -> str:
    """``size_bytes`` in the unit that keeps it short: 640 B, 12.5 MB."""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _columns(text: str) -> int:
    """Columns that a terminal gives ``text``: two to a wide character, none to a mark upon one."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) != 0 for c in text)


def _live_facts(seen: Inspection) -> list[tuple[str, str]]:
    """What only a live recording has to tell; of long lists the newest."""
    summary = seen.summary
    if summary.kind != "live":
        return []
    facts = [("since", f"{_day(summary.since_wall_s or 0.0)}, in {summary.runs} runs")]
    if summary.newest_t_s is not None:
        when = f", {_day(summary.newest_wall_s)}" if summary.newest_wall_s else ""
        facts.append(("newest", f"{format_time(summary.newest_t_s)}{when}"))
    if summary.first_kept_s:
        facts.append(("kept", f"from {format_time(summary.first_kept_s)} on"))
    blind = [f"{reason} {format_time(length_s)}" for reason, length_s in seen.blind_s.items()]
    if blind:
        facts.append(("blind", ", ".join(blind)))
    if len(seen.events) + seen.older_events > NEWEST_SHOWN:
        count = len(seen.events) + seen.older_events
        facts.append(("events", f"{count:,}, the newest:"))
    for event in seen.events[-NEWEST_SHOWN:]:
        detail = f": {event.detail}" if event.detail else ""
        facts.append(("event", f"{format_time(event.t_s)} {event.kind}{detail}"))
    return facts


def _gap_facts(seen: Inspection) -> list[tuple[str, str]]:
    """All gaps of a file; of a live recording, which may have thousands, the newest."""
    gaps, facts = seen.gaps, list[tuple[str, str]]()
    if seen.summary.kind == "live" and len(gaps) > NEWEST_SHOWN:
        facts.append(("gaps", f"{len(gaps):,}, the newest:"))
        gaps = gaps[-NEWEST_SHOWN:]
    for gap in gaps:
        times = f"{format_time(gap.start_s)} to {format_time(gap.end_s)}"
        facts.append(("gap", f"{times}: {gap.reason}"))
    return facts


def _length(recording: RecordingSummary) -> str:
    """How long it is; of an unfinished one how much of that was watched."""
    watched = format_time(recording.length_s)
    if recording.complete or recording.expected_s is None:
        return watched
    return f"{watched} of {format_time(recording.expected_s)}"


def _day(wall_s: float) -> str:
    # Nobody knows when a broken recording was watched.
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(wall_s)) if wall_s else "-"


def _state(recording: RecordingSummary) -> str:
    if recording.problem is not None:
        return f"broken: {one_line(recording.problem)}"
    if recording.busy:
        return "being reencoded" if recording.complete else "being watched"
    if recording.kind == "live":
        return "not being watched"  # it may be gone on with at any time
    return "complete" if recording.complete else "unfinished"
