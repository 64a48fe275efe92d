"""Putting what a watch took on the disk: commits on time, room made, full disks outlived."""

from __future__ import annotations

import threading
from collections.abc import Callable

import memory
from capture import Frame, Gap, SourceEvent
from memory import DROPPED, Anchor, Counters, EventRow, FrameRow, GapRow, Writer
from streamvid.live.backlog import Backlog
from streamvid.live.keeping import Keep
from streamvid.live.status import WatchEvent, WatchEventKind
from streamvid.settings import Settings

SHED_FACTOR = 4
"""While a disk takes nothing, so many commits' worth of frames wait; older ones are dropped."""


class Recorder:
    """Fills ``writer`` from ``first_tick`` on; for one thread, but for what is only read.

    The recording takes at most what ``keep`` says (``None``: no bound): its oldest blocks go.
    Where the disk is full, blocks go one at a time until a commit fits. ``tell`` hears of that and
    of gaps, ``committed`` of frames that are on the disk.
    """

    def __init__(
        self,
        writer: Writer,
        settings: Settings,
        first_tick: int,
        *,
        keep: Keep | None,
        tell: Callable[[WatchEvent], None],
        committed: Callable[[], None],
        now_s: Callable[[], float],
        wall_s: Callable[[], float],
    ) -> None:
        self._committed = committed
        self._writer, self._settings, self._keep = writer, settings, keep
        self._tell, self._now_s, self._wall_s = tell, now_s, wall_s
        self._backlog = Backlog(first_tick)
        self._anchored = first_tick > 0
        self._blind: Gap | None = None
        self._committed_at_s = now_s()
        self.remembered = threading.Event()
        """Set once this run has committed a frame."""
        self.lost = 0
        """Frames that came and were dropped behind the source."""
        self.kept = Counters()
        """Where the ticks went that this run has put on the disk."""
        self.held_bytes = writer.folder_bytes()
        self._stuck_bytes: int | None = None
        self.first_kept_tick = 0
        self.newest_s: float | None = None
        """The time of the newest frame on the disk."""
        self.trouble = ""
        """Why the disk takes nothing; empty while it does."""

    @property
    def waiting_frames(self) -> int:
        """Frames that wait for the next commit."""
        return self._backlog.frames

    def frame(self, frame: Frame, row: FrameRow) -> None:
        """A frame and what the model made of it. The first one's time is the recording's zero."""
        if not self._anchored:
            self._anchored = True
            self._backlog.anchor(Anchor(frame.t_s, frame.wall_s, run=True))
        self._backlog.frame(row)
        self._see()

    def lose(self, frame: Frame) -> None:
        """A frame that nobody had time for."""
        self.lost += 1
        self.gap(Gap(float(frame.tick), float(frame.tick + 1), "dropped"))

    def gap(self, gap: Gap) -> None:
        """Ticks without a frame."""
        self._backlog.gap(GapRow(gap.start_s, gap.end_s, gap.reason))
        blind = self._blind
        if blind is not None and blind.reason == gap.reason:
            self._blind = Gap(blind.start_s, gap.end_s, gap.reason)
            return
        self._see()
        self._blind = gap
        if gap.reason != DROPPED:
            self._say("gap", gap.start_s, reason=gap.reason)

    def _see(self) -> None:
        """What was not seen has an end."""
        if self._blind is not None:
            gap, self._blind = self._blind, None
            kind: WatchEventKind = "dropped" if gap.reason == DROPPED else "gap"
            self._say(kind, gap.start_s, end_s=gap.end_s, reason=gap.reason)

    def note(self, event: SourceEvent) -> None:
        """A change of the source's state."""
        words = f"{event.reason}: {event.detail}" if event.detail else event.reason
        self._backlog.event(EventRow(event.t_s, event.state, words, event.wall_s))

    def commit_if_due(self) -> None:
        """Commit what has waited long enough, or is much; a run's first frame does not wait."""
        due_s = self._committed_at_s + self._settings.commit_s
        is_first = self._backlog.frames > 0 and not self.remembered.is_set() and not self.trouble
        much = self._backlog.frames >= self._settings.commit_frames
        if is_first or much or self._now_s() >= due_s:
            self.commit()

    def finish(self, end_tick: int) -> None:
        """Ticks before ``end_tick`` are settled; commit all. Raises DiskFullError."""
        self._see()
        self._backlog.settle(end_tick)
        self.commit()
        if self.trouble and self._backlog.batch() is not None:
            raise memory.DiskFullError(self.trouble)

    def commit(self) -> None:
        """Put on the disk what waits; what a full disk refuses is tried again at the next one."""
        self._committed_at_s = self._now_s()
        batch = self._backlog.batch()
        if batch is None:
            return
        try:
            self._writer.commit(batch)
        except memory.DiskFullError as error:
            self._tell_trouble(str(error))
            if not self._make_room(self._writer.used_bytes() - 1, most_blocks=1):
                self.lost += self._backlog.shed(SHED_FACTOR * self._settings.commit_frames)
            return
        ticks = [frame.tick for frame in batch.frames]
        self.kept = self.kept.plus(memory.tally(batch.span, ticks, batch.gaps))
        self._tell_trouble("")
        self._backlog.committed()
        if self._keep is not None:
            self._make_room(self._bound_bytes(self._keep))
        self.held_bytes = self._writer.folder_bytes()
        if batch.frames:
            self.newest_s = batch.frames[-1].t_s
            self.remembered.set()
            self._committed()

    def _bound_bytes(self, keep: Keep) -> int:
        """What the database may take: no more than now where too little is left for others."""
        bound_bytes = memory.database_bytes(keep.most_bytes)
        if self._writer.free_bytes() >= keep.leave_bytes:
            self._stuck_bytes = None
            return bound_bytes
        # what it was when that began: of what is forgotten, the next commits take the place
        self._stuck_bytes = self._stuck_bytes or self._writer.used_bytes()
        return min(bound_bytes, self._stuck_bytes)

    def _make_room(self, keep_bytes: int, *, most_blocks: int | None = None) -> bool:
        limit = {} if most_blocks is None else {"most_blocks": most_blocks}
        try:
            dropped = self._writer.drop_oldest(
                max(1, keep_bytes), now_wall_s=self._wall_s(), **limit
            )
        except memory.DiskFullError:
            return False  # not even room to forget: what waits is shed
        if dropped is None:
            return False
        self.first_kept_tick = dropped.span.end_tick
        self._say(
            "retention",
            float(dropped.span.first_tick),
            end_s=float(dropped.span.end_tick),
            detail=f"{dropped.frames} frames, {dropped.freed_bytes / 1e6:.1f} MB",
        )
        return True

    def _tell_trouble(self, trouble: str) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            self._say("disk", float(self._backlog.end_tick), detail=trouble or "it takes on again")

    def _say(
        self,
        kind: WatchEventKind,
        t_s: float,
        *,
        end_s: float | None = None,
        reason: str = "",
        detail: str = "",
    ) -> None:
        event = WatchEvent(kind, t_s, self._wall_s(), reason=reason, detail=detail, end_s=end_s)
        self._tell(event)
