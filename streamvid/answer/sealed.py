"""Contexts of growing recordings: what is new in the view goes behind what is there.

A *line* is an open range of a recording: its growing view, and the epoch that its context belongs
to. Questions take the context and append what is left; ``keep_up`` appends it before they come.
"""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from memory import Recording, Snapshot
from streamvid.answer import jobs
from streamvid.answer.contexts import ContextCounters, ContextKey, ContextStore, digest_of
from streamvid.answer.epochs import Epoch, drift_of, epoch_end
from streamvid.answer.growing import GrowingView, grows
from streamvid.answer.range_frames import RangeFrames, frames_in
from streamvid.answer.span import TimeRange
from streamvid.engine import Engine, Priority
from streamvid.model.seam import FloatArray, VideoModel
from streamvid.settings import Settings

T = TypeVar("T")
KEPT_LINES = 8
"""Open ranges that are followed; the one asked about longest ago is given up."""
KEEP_UP_TOKENS = 32
"""A pass reads all weights for one token as for many: so many are waited for in the background."""
IDLE_CHUNK_TOKENS = 256
"""Most tokens of a pass in the background: a question that comes meanwhile waits for its end."""


@dataclass(frozen=True, slots=True)
class LineKey:
    """An open range that is followed, in a view of at most ``view_tokens``."""

    recording_id: str
    start_s: float
    view_tokens: int
    fingerprint: str


@dataclass(slots=True, eq=False)
class Line:
    """Mutable: a growing view and its present epoch; under the lock of ``SealedContexts``."""

    key: LineKey
    view: GrowingView
    epoch: Epoch | None = None
    looked_frames: int = 0
    """Of the recording, when it was last kept up."""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A line at one moment: its epoch, and the view's tokens float32 [N, d] behind its head.

    ``sealed``: the epoch's beginning is not what it would be made of now; ``drift``: how far its
    prefix mean is from the range's own.
    """

    epoch: Epoch
    tokens: FloatArray
    merged: bool
    sealed: bool
    drift: float


class SealedContexts:
    """Follows open ranges of growing recordings; safe from several threads."""

    def __init__(self, engine: Engine, store: ContextStore, settings: Settings) -> None:
        self._engine = engine
        self._store = store
        self._settings = settings
        self._lock = threading.Lock()
        self._lines: OrderedDict[LineKey, Line] = OrderedDict()
        self._names = itertools.count(1)
        self._epochs = 0

    def counters(self) -> ContextCounters:
        """What was done so far; the store counts contexts of settled ranges too."""
        with self._lock:
            store = self._store
            return ContextCounters(store.full_prefills, store.extended_tokens, self._epochs)

    def follow(
        self, snapshot: Snapshot, frames: RangeFrames, within: TimeRange, view_tokens: int
    ) -> Line | None:
        """The line of ``within``, caught up with ``frames``; ``None`` where it does not grow."""
        if not grows(snapshot, within, frames):
            return None
        fingerprint = snapshot.info.model.fingerprint
        key = LineKey(frames.recording_id, within.start_s or 0.0, view_tokens, fingerprint)
        left: list[Line] = []
        with self._lock:
            line = self._lines.get(key)
            if line is None:
                shape, policy = snapshot.geometry.tokens_shape, self._settings.view_policy
                line = Line(key, GrowingView(view_tokens, shape, policy=policy))
                self._lines[key] = line
            self._lines.move_to_end(key)
            while len(self._lines) > KEPT_LINES:
                left.append(self._lines.popitem(last=False)[1])
            line.view.catch_up(frames.table, snapshot.gaps(), snapshot.tokens)
        for gone in left:
            self._discard(gone.epoch)
        return line

    def hold(self, line: Line, head: FloatArray) -> Held:
        """The line as it is now; ``head`` [head, d] is the prefix head's mean, for a new epoch."""
        with self._lock:
            over = self._turn(line, head)
            epoch, view = line.epoch, line.view
            assert epoch is not None
            held = Held(
                epoch,
                view.tokens_from(0),
                merged=view.merged,
                sealed=view.stale or not np.array_equal(epoch.head, head),
                drift=drift_of(epoch.head, head),
            )
        self._discard(over)
        return held

    def keep_up(self, recording: Recording) -> None:
        """Append what is new to the contexts of a recording that were asked for; begin new epochs.

        In small jobs that give way to everything else; returns when they are done. Raises the
        engine's and memory's errors.
        """
        with self._lock:
            lines = [line for key, line in self._lines.items() if key.recording_id == recording.id]
        for line in lines:
            with recording.snapshot() as snapshot:
                frames = snapshot.frame_count()
                new_tokens = (frames - line.looked_frames) * snapshot.geometry.tokens_per_frame
                if 0 <= new_tokens < KEEP_UP_TOKENS:
                    continue  # to look costs more than to wait for some more
                line.looked_frames = frames
                work = self._brought_up(line, recording, snapshot)
            if work is not None:
                self._append_idly(line, *work)

    def forget(self, recording_id: str) -> None:
        """Give up the lines of a recording; their contexts are the store's to close."""
        with self._lock:
            for key in [key for key in self._lines if key.recording_id == recording_id]:
                del self._lines[key]

    # Epochs. ``_turn`` is called under the lock.

    def _turn(self, line: Line, head: FloatArray) -> Epoch | None:
        """Begin a new epoch where the present one is over, and return that."""
        before, now = line.epoch, line.view.standing
        if before is not None and not self._is_over(line, drift_of(before.head, head)):
            return None
        number = 1 if before is None else before.number + 1
        name = f"epoch {next(self._names)}"
        key = ContextKey(line.key.recording_id, digest_of(head), name)
        line.epoch = Epoch(number, key, head.copy(), now)
        self._epochs += 1
        return before

    def _is_over(self, line: Line, drift: float) -> bool:
        assert line.epoch is not None
        end = epoch_end(
            line.epoch.began, line.view.standing, drift,
            bound=self._settings.epoch_drift,
            quarter_frames=line.view.quarter_frames, room_frames=line.view.room_frames,
        )  # fmt: skip
        return end is not None

    def _discard(self, epoch: Epoch | None) -> None:
        """Have the context of an epoch that is over closed, some time."""
        if epoch is not None:
            self._engine.submit(
                lambda model: self._store.discard(epoch.key),
                priority=Priority.QUESTION, owner="epochs",
            )  # fmt: skip

    # In the background.

    def _brought_up(
        self, line: Line, recording: Recording, snapshot: Snapshot
    ) -> tuple[Epoch, bool] | None:
        """Catch the line up; its epoch, and whether that is new. ``None``: leave it alone."""
        within = TimeRange(start_s=line.key.start_s)
        frames = frames_in(snapshot, recording, within, self._settings)
        same = snapshot.info.model.fingerprint == line.key.fingerprint
        if not same or frames.span is None or not grows(snapshot, within, frames):
            return None
        # The sums are read where the mean may matter alone: they are large.
        with self._lock:
            line.view.catch_up(frames.table, snapshot.gaps(), snapshot.tokens)
            if line.epoch is None:
                return None
            settled = line.view.standing.compactions > 0 and not self._is_over(line, 0.0)
            if settled:
                return line.epoch, False
        prefix = snapshot.prefix_sum(frames.span)
        if prefix.edge_ticks:
            return None  # a question fuses them anew
        head = (prefix.total / np.float32(prefix.frames))[
            : self._engine.facts().spec.prefix_head_tokens
        ]
        with self._lock:
            over = self._turn(line, head)
            epoch = line.epoch
        self._discard(over)
        return epoch, over is not None

    def _append_idly(self, line: Line, epoch: Epoch, begins: bool) -> None:
        """Append to the epoch's context chunk by chunk, for as long as nobody works behind it.

        A context that had to go for others is begun again by the next question alone.
        """

        def begin(model: VideoModel) -> int | None:
            kept = self._store.idle(epoch.key)
            begin_it = begins and epoch.key not in self._store and line.epoch is epoch
            if kept is None and begin_it:
                kept = self._store.add(epoch.key, model.context(epoch.head))
                kept.busy = False
            return None if kept is None else kept.view_length - len(epoch.head)

        there = self._idly(begin)
        with self._lock:
            if there is None or line.epoch is not epoch or self._is_over(line, 0.0):
                return  # it will be gone on with next time
            entry_tokens = self._engine.facts().spec.tokens_per_frame
            rows = line.view.tokens_from(there // entry_tokens)[there % entry_tokens :]
        if len(rows) < KEEP_UP_TOKENS and not begins:
            return
        wanted_tokens = jobs.chunk_tokens(self._settings, self._engine.facts().spec)
        chunk_tokens = min(wanted_tokens, IDLE_CHUNK_TOKENS)
        for start in range(0, len(rows), chunk_tokens):
            part, length = rows[start : start + chunk_tokens], len(epoch.head) + there + start

            def extend(model: VideoModel, part: FloatArray = part, length: int = length) -> bool:
                kept = self._store.idle(epoch.key)
                if kept is None or kept.view_length != length:
                    return False
                self._store.extend(kept, part, begins=begins)
                return True

            if not self._idly(extend):
                return

    def _idly(self, work: Callable[[VideoModel], T]) -> T:
        return self._engine.submit(work, priority=Priority.IDLE, owner="epochs").result()
