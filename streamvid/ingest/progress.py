"""What an ingest tells while it runs and when it has ended: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Stage = Literal["index", "previews", "frames", "attached", "reencoding", "finished"]


@dataclass(frozen=True, slots=True)
class IngestProgress:
    """How far an ingest is; given to the progress callback after each commit.

    ``done_ticks`` of ``expected_ticks`` (``None`` where the length is not known yet) include what
    earlier runs committed; ``rate_tps`` is ticks per second of wall time since this run began to
    settle ticks. ``previews`` of ``expected_previews`` (``None`` where none are made) were made of
    a long file so far, whatever has replaced them since. In stage ``attached`` another process
    ingests and this one looks on. In stage ``reencoding`` ticks are those that have a frame or a
    preview: nothing else is encoded anew.
    """

    stage: Stage
    done_ticks: int
    expected_ticks: int | None
    frames: int
    rate_tps: float
    elapsed_s: float
    eta_s: float | None
    previews: int = 0
    expected_previews: int | None = None


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did. ``new_frames`` is 0 where everything was remembered already.

    ``complete``: the whole file is remembered. ``attached``: another process did the work.
    ``resumed``: an earlier, unfinished ingest was gone on with.
    """

    recording_id: str
    name: str
    frames: int
    new_frames: int
    complete: bool
    resumed: bool
    attached: bool
    two_passes: bool
    elapsed_s: float
    ticks_expected: int
    ticks_covered: int
    ticks_dropped: int
    ticks_gapped: int
    ticks_pending: int
    damage_packets: int
    damage_frames: int


@dataclass(frozen=True, slots=True)
class ReencodeReport:
    """What a reencode did: ``new_frames`` of ``frames`` and ``previews`` were encoded in this run.

    ``already``: the recording was this model's, nothing was done. ``resumed``: an earlier,
    unfinished run was gone on with. ``fingerprint`` is the model's whose numbers it holds now.
    """

    recording_id: str
    name: str
    frames: int
    previews: int
    new_frames: int
    already: bool
    resumed: bool
    fingerprint: str
    elapsed_s: float
