"""The documents of ``--json``: names and units as in docs/json.md, which is a promise.

Names are only ever added, never changed or dropped, within one major version.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from apps.settings import Resolved
from apps.stills import SavedMoment
from streamvid.answer import Answer, CoverageReport, SearchResult
from streamvid.ingest import IngestReport, ReencodeReport
from streamvid.session import Inspection, RecordingSummary

Document = dict[str, Any]


def answer_document(answer: Answer, moments: Sequence[SavedMoment]) -> Document:
    """``ask --json``; ``moments`` are the answer's evidence with their stills saved."""
    return {
        "id": answer.recording_id,
        "question": answer.question,
        "text": answer.text,
        "finish": answer.finish,
        "exactness": list(answer.exactness),
        "evidence": _moments(moments),
        "coverage": _coverage(answer.coverage),
        "timings": asdict(answer.timings),
        "usage": asdict(answer.usage),
        "language_model": answer.language_model,
    }


def search_document(result: SearchResult, moments: Sequence[SavedMoment]) -> Document:
    """``search --json``."""
    return {
        "id": result.recording_id,
        "phrase": result.phrase,
        "moments": _moments(moments),
        "coverage": _coverage(result.coverage),
        "search_s": result.search_s,
    }


def ingest_document(report: IngestReport) -> Document:
    """``ingest --json``."""
    return {
        "id": report.recording_id,
        "name": report.name,
        "frames": report.frames,
        "new_frames": report.new_frames,
        "complete": report.complete,
        "resumed": report.resumed,
        "attached": report.attached,
        "elapsed_s": report.elapsed_s,
        "ticks_expected": report.ticks_expected,
        "ticks_seen": report.ticks_expected
        - report.ticks_covered
        - report.ticks_dropped
        - report.ticks_gapped
        - report.ticks_pending,
        "ticks_covered": report.ticks_covered,
        "ticks_dropped": report.ticks_dropped,
        "ticks_gapped": report.ticks_gapped,
        "ticks_pending": report.ticks_pending,
        "damage": {"packets": report.damage_packets, "frames": report.damage_frames},
    }


def reencode_document(report: ReencodeReport) -> Document:
    """``reencode --json``."""
    return {
        "id": report.recording_id,
        "name": report.name,
        "frames": report.frames,
        "previews": report.previews,
        "new_frames": report.new_frames,
        "already": report.already,
        "resumed": report.resumed,
        "fingerprint": report.fingerprint,
        "elapsed_s": report.elapsed_s,
    }


def inspection_document(seen: Inspection) -> Document:
    """``inspect --json``."""
    return {
        **_summary(seen.summary),
        "frames": seen.frames,
        "previews": seen.previews,
        "ticks_expected": seen.ticks_expected,
        "ticks_seen": seen.ticks_seen,
        "ticks_covered": seen.ticks_covered,
        "ticks_dropped": seen.ticks_dropped,
        "ticks_gapped": seen.ticks_gapped,
        "ticks_pending": seen.ticks_pending,
        "gaps": [asdict(gap) for gap in seen.gaps],
        "blind_s": dict(seen.blind_s),
        "events": [asdict(event) for event in seen.events],
        "older_events": seen.older_events,
        "damage": {"packets": seen.damage_packets, "frames": seen.damage_frames},
        "bytes": seen.size_bytes,
        "fingerprint": seen.fingerprint,
        "model": seen.model,
        "coverage": seen.coverage_text,
        "replaces": seen.replaces,
        "sampling": seen.sampling,
    }


def list_document(recordings: Sequence[RecordingSummary]) -> Document:
    """``list --json``."""
    return {"recordings": [_summary(recording) for recording in recordings]}


def removal_document(removed: RecordingSummary) -> Document:
    """``remove --json``."""
    return {"removed": _summary(removed)}


def settings_document(resolved: Resolved) -> Document:
    """``--show-settings --json``: each setting's value and where it came from."""
    return {
        "settings": {
            name: {
                "value": _settled(value),
                "from": resolved.origins[name],
            }
            for name, value in resolved.values().items()
        }
    }


def _settled(value: object) -> object:
    """A setting's value as JSON knows it."""
    if isinstance(value, Path):
        return path_text(value)
    return list(value) if isinstance(value, tuple) else value


def path_text(path: str | Path) -> str:
    """``path`` as JSON can hold it: a ``file://`` address where its bytes are no UTF-8."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return Path(path).absolute().as_uri()
    return str(path)


def _summary(recording: RecordingSummary) -> Document:
    return {
        "id": recording.recording_id,
        "name": recording.name,
        "source": path_text(recording.source),
        "length_s": recording.length_s,
        "expected_s": recording.expected_s,
        "frames": recording.frames,
        "bytes": recording.size_bytes,
        # A broken recording may not know any more.
        "created_wall_s": recording.created_wall_s or None,
        "updated_wall_s": recording.updated_wall_s or None,
        "complete": recording.complete,
        "busy": recording.busy,
        "kind": recording.kind,
        "runs": recording.runs,
        "since_wall_s": recording.since_wall_s,
        "first_kept_s": recording.first_kept_s,
        "newest_t_s": recording.newest_t_s,
        "newest_wall_s": recording.newest_wall_s,
        "problem": recording.problem,
    }


def _moments(moments: Sequence[SavedMoment]) -> list[Document]:
    return [
        {
            "t_s": m.t_s,
            "wall_s": m.wall_s,
            "score": round(m.score, 6),
            "still": path_text(m.still),
        }
        for m in moments
    ]


def _coverage(coverage: CoverageReport) -> Document:
    blind = [{"start_s": float(a), "end_s": float(b), "reason": r} for a, b, r in coverage.blind]
    return {
        "start_s": coverage.start_s,
        "end_s": coverage.end_s,
        "seen_s": coverage.seen_s,
        "frames": coverage.frames,
        "preview_frames": coverage.preview_frames,
        "pending_s": coverage.pending_s,
        "blind": blind,
        "text": coverage.text,
    }
