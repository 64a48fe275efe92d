"""A watch: one live source seen, encoded and remembered, in a thread of its own, until stopped.

What is committed is on the disk: after a kill the recording says up to where somebody watched. The
frames since the last commit (5 s) are what a kill can cost.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import TimeoutError as NotYetError
from dataclasses import dataclass

import memory
from capture import Frame, Gap, SourceEvent
from memory import Home, Recording, Source
from streamvid.engine import Engine, Priority
from streamvid.errors import JobDroppedError
from streamvid.ingest.decoder import Prepared, StillFormat, prepare
from streamvid.ingest.filler import to_rows
from streamvid.live.feed import Feed
from streamvid.live.keeping import Keep
from streamvid.live.opening import find_start, opened
from streamvid.live.recorder import Recorder
from streamvid.live.status import WatchEvent, WatchStatus
from streamvid.model.seam import EncodedFrames
from streamvid.settings import Settings
from streamvid.translate import translated

LOOK_S = 0.2
"""How long it waits for a frame before it looks whether a commit is due or it was stopped."""
EARLY_FRAMES = 120
"""Frames that wait while the model loads: some 50 MB."""
LAST_WAIT_S = 2.0
"""How long a watch that is stopped waits for a model that is still loading."""
FLUSH_S = 0.5
"""How long a question waits at most for what was just seen."""
Item = Frame | Gap | SourceEvent


@dataclass(frozen=True, slots=True)
class WatchPlan:
    """What to watch and within which bounds.

    ``source`` names the recording; ``keep`` is what it may take on the disk (``None``: no
    bound); ``make_feed`` gets the tick that this run begins at; ``socket`` is where this process
    listens for questions, if it does.
    """

    source: Source
    make_feed: Callable[[int], Feed]
    keep: Keep | None = None
    socket: str | None = None


class Watch:
    """Watches ``plan``'s source under ``home`` until ``stop`` or its end.

    ``tell`` gets each event and ``grown`` the recording after each commit of frames, both in the
    watching thread. ``status`` may be asked from any thread at any time. Where the disk takes
    nothing it goes on watching, keeps a bounded number of frames and tries again; whatever else
    fails ends the watch, and ``join`` raises it.

    Raises RecordingBusyError at once where the source is watched already.
    """

    def __init__(
        self,
        home: Home,
        engine: Engine,
        settings: Settings,
        plan: WatchPlan,
        *,
        tell: Callable[[WatchEvent], None] = lambda event: None,
        grown: Callable[[Recording], None] = lambda recording: None,
        now_s: Callable[[], float] = time.monotonic,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        self._home, self._engine, self._settings, self._plan = home, engine, settings, plan
        self._tell, self._grown = tell, grown
        self._now_s, self._wall_s = now_s, wall_s
        self._still_format = StillFormat(settings.still_quality, settings.lossless_stills)
        self._stopping = threading.Event()
        self._error: BaseException | None = None
        with translated():
            self._start = find_start(home, plan.source, wall_s())
        self._feed = plan.make_feed(self._start.first_tick)
        self._recorder: Recorder | None = None
        self._early: deque[Item] = deque()
        self._announced = 0
        self._flushes: queue.SimpleQueue[threading.Event] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    @property
    def recording_id(self) -> str:
        """The recording that it fills."""
        return self._plan.source.id

    @property
    def running(self) -> bool:
        """Whether it still watches."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end, with all that is taken committed; ``join`` waits for that."""
        self._stopping.set()
        self._feed.close()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for its end; whether it came."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def join(self, timeout_s: float | None = None) -> bool:
        """As ``wait``. Raises what ended it, if not ``stop`` or the source's end."""
        if not self.wait(timeout_s):
            return False
        if self._error is not None:
            with translated():
                raise self._error
        return True

    @property
    def ready(self) -> bool:
        """Whether the model is loaded and the recording open."""
        return self._recorder is not None

    @property
    def has_recording(self) -> bool:
        """Whether something of the source is remembered, of this run or an earlier one."""
        return self.remembered or self._start.first_tick > 0

    @property
    def failure(self) -> str | None:
        """Why it ended by itself, in words; ``None`` while it runs and where it was stopped."""
        return None if self._error is None else str(self._error)

    @property
    def held_bytes(self) -> int:
        """What the recording takes on the disk, as of the last commit; 0 before the first look."""
        return 0 if self._recorder is None else self._recorder.held_bytes

    @property
    def remembered(self) -> bool:
        """Whether this run has committed a frame."""
        return self._recorder is not None and self._recorder.remembered.is_set()

    @property
    def newest_s(self) -> float | None:
        """The time of the newest frame on the disk; ``None`` until the recording is open."""
        return None if self._recorder is None else self._recorder.newest_s

    def flush(self, timeout_s: float = FLUSH_S) -> bool:
        """Have what is seen so far on the disk, so that a question finds it; whether it came."""
        done = threading.Event()
        self._flushes.put(done)
        return self.running and self._recorder is not None and done.wait(timeout_s)

    def status(self) -> WatchStatus:
        """What it is doing now."""
        recorder = self._recorder
        return WatchStatus(
            source=self._feed.status(),
            recording_id=self.recording_id,
            counters=self._start.counters.plus(self._counters(recorder)),
            held_bytes=self.held_bytes,
            waiting_frames=0 if recorder is None else recorder.waiting_frames,
            first_kept_s=0.0 if recorder is None else float(recorder.first_kept_tick),
            end_s=float(self._feed.settled_end()),
            trouble="" if recorder is None else recorder.trouble,
            newest_s=None if recorder is None else recorder.newest_s,
        )

    def _counters(self, recorder: Recorder | None) -> memory.Counters:
        """Since the last run: what is on the disk, what was dropped; the rest is pending."""
        # In this order, since ticks are taken first and committed then.
        off = self._start.off
        kept = memory.Counters() if recorder is None else recorder.kept.plus(off)
        lost = 0 if recorder is None else recorder.lost
        seen = self._feed.counters()
        dropped = 0 if recorder is None else seen.dropped + lost
        expected = seen.expected + off.expected
        return memory.Counters(
            expected=expected,
            seen=kept.seen,
            covered=kept.covered,
            dropped=dropped,
            gapped=kept.gapped,
            pending=expected - kept.seen - kept.covered - kept.gapped - dropped,
            damage_packets=seen.damaged_packets,
            damage_frames=seen.damaged_frames,
        )

    # In its own thread.

    def _run(self) -> None:
        try:
            self._feed.start()
            if not self._take_while_loading():
                return
            with opened(
                self._home, self._engine, self._plan.source, self._start, socket=self._plan.socket
            ) as (recording, writer):
                recorder = Recorder(
                    writer, self._settings, self._start.first_tick,
                    keep=self._plan.keep, tell=self._tell,
                    committed=lambda: self._grown(recording),
                    now_s=self._now_s, wall_s=self._wall_s,
                )  # fmt: skip
                with recording.snapshot() as snapshot:
                    recorder.first_kept_tick = snapshot.live().first_kept_tick
                    newest = snapshot.newest_frame()
                    recorder.newest_s = None if newest is None else newest[0]
                self._recorder = recorder
                self._fill(recorder)
        except BaseException as error:  # noqa: BLE001 - raised again by ``join``
            self._error = error
        finally:
            self._feed.close()

    def _take_while_loading(self) -> bool:
        """Loading the model may take long; what comes meanwhile waits, and no more than so much.

        What happens is told at once. False where the watch was stopped before the model was there.
        """
        failed: list[BaseException] = []

        def load() -> None:
            try:
                self._engine.facts()
            except BaseException as error:  # noqa: BLE001 - raised again in the watching thread
                failed.append(error)

        loading = threading.Thread(target=load, name="load", daemon=True)
        loading.start()
        while loading.is_alive():
            if self._stopping.is_set():
                loading.join(LAST_WAIT_S)  # it may be about to come, and keep what was seen
                if loading.is_alive():
                    return False
                break
            if (
                self._feed.ended
                or sum(isinstance(item, Frame) for item in self._early) >= EARLY_FRAMES
            ):
                loading.join(LOOK_S)  # from here on the source itself drops its oldest
                continue
            item = self._feed.next_item(LOOK_S)
            if isinstance(item, SourceEvent):
                self._announced += 1
                self._tell(_told(item))
            if item is not None:
                self._early.append(item)
        if failed:
            raise failed[0]
        return True

    def _fill(self, recorder: Recorder) -> None:
        while self._early or not self._feed.ended:
            asked = [self._flushes.get_nowait() for _ in range(self._flushes.qsize())]
            self._take(self._waiting(0.0 if asked else LOOK_S), recorder)
            if asked:
                recorder.commit()
            else:
                recorder.commit_if_due()
            for flushed in asked:
                flushed.set()
        recorder.finish(self._feed.settled_end())

    def _waiting(self, patience_s: float) -> list[Item]:
        """What has come, at most as many frames as are encoded at once; waits for the first."""
        items: list[Item] = []
        frames = 0
        while frames < self._engine.facts().spec.encode_batch:
            item = self._early.popleft() if self._early else self._feed.next_item(patience_s)
            if item is None:
                break
            items.append(item)
            frames += isinstance(item, Frame)
            patience_s = 0.0
        return items

    def _take(self, items: Sequence[Item], recorder: Recorder) -> None:
        frames = [item for item in items if isinstance(item, Frame)]
        prepared = [prepare(frame, self._still_format) for frame in frames]
        encoded = self._encoded(frames, prepared, recorder)
        rows = iter(() if encoded is None else to_rows(prepared, encoded))
        for item in items:
            match item:
                case SourceEvent():
                    recorder.note(item)
                    if self._announced:  # it came while the model was loading
                        self._announced -= 1
                    else:
                        self._tell(_told(item))
                case Gap():
                    recorder.gap(item)
                case Frame() if encoded is None:
                    recorder.lose(item)
                case Frame():
                    recorder.frame(item, next(rows))

    def _encoded(
        self, frames: Sequence[Frame], prepared: Sequence[Prepared], recorder: Recorder
    ) -> EncodedFrames | None:
        """The model's numbers; ``None`` where the engine had too much to do and let them go.

        Commits meanwhile what is due: a question may keep the model busy. Once the watch is stopped
        that is everything, as nobody may have the patience for the model any more.
        """
        if not frames:
            return None
        pixels = [frame.pixels for frame in prepared]
        future = self._engine.submit(
            lambda model: model.encode(pixels),
            priority=Priority.LIVE,
            owner=self.recording_id,
            born_s=frames[0].received_s,
        )
        while True:
            try:
                return future.result(timeout=LOOK_S)
            except NotYetError:
                if self._stopping.is_set():
                    recorder.commit()
                else:
                    recorder.commit_if_due()
            except JobDroppedError:
                return None


def _told(event: SourceEvent) -> WatchEvent:
    return WatchEvent(
        "state",
        event.t_s,
        event.wall_s,
        state=event.state,
        reason=event.reason,
        detail=event.detail,
    )
