"""What an ingest has settled over all its runs, in the terms that memory keeps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from memory import Counters, GapRow, Snapshot, TickSpan
from streamvid.ingest.parcel import gapped_ticks

DAMAGE_NOTE = "damage"
EXPECTED_NOTE = "expected_ticks"
PREVIEWED_NOTE = "previewed"
"""There where the first, coarse pass over a long file came to its end."""
SAMPLING_NOTE = "sampling"
"""How frames were chosen, as in ``Settings.sampling``; recordings without it were by tick."""


def counters_of(snapshot: Snapshot) -> Counters:
    """The recording's counters; before the first commit, when there are previews alone, what the
    file's index promised is expected and pending."""
    counters = snapshot.counters()
    promised = int(snapshot.notes().get(EXPECTED_NOTE, "0"))
    if counters.expected > 0 or promised == 0:
        return counters
    return replace(counters, expected=promised, pending=promised)


@dataclass(slots=True, eq=False)
class Totals:
    """Mutable while a commit is prepared: ticks, frames and damage that are settled.

    ``expected_ticks`` is the source's promise, or ``None`` while nobody knows. ``damage`` maps a
    block's number to its damaged (packets, frames): a block that is done again replaces its own.
    """

    frames: int
    gapped: int
    settled: int
    expected_ticks: int | None = None
    damage: dict[int, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, snapshot: Snapshot) -> Totals:
        """What ``snapshot`` holds."""
        noted = json.loads(snapshot.notes().get(DAMAGE_NOTE, "{}"))
        return cls(
            frames=snapshot.frame_count(),
            gapped=gapped_ticks(tuple(snapshot.gaps())),
            settled=sum(span.ticks for span in snapshot.settled()),
            damage={int(block): (packets, frames) for block, (packets, frames) in noted.items()},
        )

    def after(self, span: TickSpan, frames: int, gaps: Sequence[GapRow], *, last: bool) -> Totals:
        """The totals once ``span`` is settled; after the ``last`` one nothing is expected."""
        settled = self.settled + span.ticks
        return replace(
            self,
            frames=self.frames + frames,
            gapped=self.gapped + gapped_ticks(tuple(gaps)),
            settled=settled,
            expected_ticks=settled if last else self.expected_ticks,
            damage=dict(self.damage),
        )

    def would_finish(self, ticks: int) -> bool:
        """Whether ``ticks`` more could be all there is to settle."""
        return self.settled + ticks >= (self.expected_ticks or 0)

    def counters(self) -> Counters:
        """The ticks' identity holds: what is settled and neither seen nor gapped is covered."""
        expected = max(self.expected_ticks or 0, self.settled)
        return Counters(
            expected=expected,
            seen=self.frames,
            covered=self.settled - self.frames - self.gapped,
            gapped=self.gapped,
            pending=expected - self.settled,
            damage_packets=sum(packets for packets, _ in self.damage.values()),
            damage_frames=sum(frames for _, frames in self.damage.values()),
        )

    def notes(self) -> dict[str, str]:
        """What the next run needs besides what memory keeps: damage, block by block."""
        hurt = {str(block): pair for block, pair in sorted(self.damage.items()) if any(pair)}
        return {DAMAGE_NOTE: json.dumps(hurt)}
