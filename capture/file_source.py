"""A video file as a source: one linear pass, stretches in any order, previews, resuming.

Every pass opens the file for itself, so passes do not disturb each other and may run in different
threads. What they settle meets in one ledger.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Event, Lock
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

import numpy as np

from capture.choice import Damage, Sampled
from capture.clock import StreamClock
from capture.counters import MAX_TICKS, Counters, Ledger
from capture.coverage import Coverage, cover_limit_s
from capture.errors import CaptureError, NotSeekableError, SourceClosedError
from capture.frame import Frame, FrameKind, Gap
from capture.geometry import Orientation
from capture.index import Index
from capture.passes import Pass
from capture.reader import PassStoppedError, Reader
from capture.sampler import (
    sample_keys,
    sample_spread_keys,
    sample_untimed,
    seeks_fast,
    spread,
)
from capture.scan import Notes, first_picture, guessed_interval, read_timetable
from capture.settings import Settings
from capture.spare import Spare
from capture.tick_sampler import sample_ticks
from capture.timetable import NO_PTS, Timetable
from capture.truncation import is_cut_short

Clock = Callable[[], float]


class FileSource:
    """A video file that was opened. Made by ``open_file``; close it, or use it in ``with``.

    ``path`` and ``settings`` are what it was opened with.
    """

    def __init__(
        self,
        path: Path,
        settings: Settings,
        *,
        monotonic: Clock = time.monotonic,
        wall: Clock = time.time,
    ) -> None:
        self.path = path
        self.settings = settings
        self._monotonic, self._wall = monotonic, wall
        self._closed = Event()
        self._passes: WeakSet[Pass] = WeakSet()
        self._ledger = Ledger()
        self._orientations: dict[int, Orientation] = {}
        self._index_lock = Lock()
        self._timetable: Timetable | None = None
        self._spare = Spare()
        self._origin_pts = self._first_pts()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame | Gap]:
        return self.frames()

    def index(self) -> Index:
        """The file's timetable; the first call reads all packets, and decodes none.

        Raises SourceClosedError.
        """
        timetable = self._timed()
        why = self._why_not_seekable(timetable)
        origin, base = timetable.origin_pts, float(timetable.time_base)
        return Index(
            ticks=None if timetable.why_unusable else timetable.ticks,
            last_s=timetable.last_s,
            median_interval_s=timetable.median_interval_s,
            key_times_s=(timetable.key_pts - origin).astype(np.float64) * base,
            seekable=not why,
            why_not_seekable=why,
            packets=timetable.packets,
            key_packets=timetable.key_packets,
        )

    def frames(self, start_tick: int = 0) -> Pass:
        """The linear pass from ``start_tick`` to the end: all frames and gaps, in time order.

        Where the file is seekable, decoding begins near ``start_tick``; else what lies before it is
        decoded and thrown away. Raises SourceClosedError; ValueError if ``start_tick`` is negative.
        """
        if start_tick < 0:
            raise ValueError(f"start_tick is {start_tick}; use 0 or more")
        timetable = self._timed()
        if timetable.why_unusable:
            steps = self._untimed_steps(timetable, start_tick)
            return self._started(Pass(self._ledger, start_tick, None, steps))
        start_tick = min(start_tick, timetable.ticks)
        steps = self._timed_steps(timetable, range(start_tick, timetable.ticks))
        return self._started(Pass(self._ledger, start_tick, None, steps))

    def stretch(self, first_tick: int, last_tick: int) -> Pass:
        """Exactly what ``frames`` gives for ticks first to last, both included.

        A gap that crosses an end is cut there. Ticks past the file's end are left out. Raises
        NotSeekableError where ``index().seekable`` is False, SourceClosedError, ValueError.
        """
        if not 0 <= first_tick <= last_tick:
            raise ValueError(f"stretch is {first_tick} to {last_tick}; use 0 <= first <= last")
        timetable = self._timed()
        why = self._why_not_seekable(timetable)
        if why:
            raise NotSeekableError(f"stretches of {str(self.path)!r} cannot be read apart: {why}")
        first, end = min(first_tick, timetable.ticks), min(last_tick + 1, timetable.ticks)
        steps = self._timed_steps(timetable, range(first, end))
        return self._started(Pass(self._ledger, first, end, steps))

    def previews(self, limit: int = 1024) -> Iterator[Frame]:
        """At most ``limit`` key frames, one a tick at most, evenly spread, in time order.

        They settle no tick. There are none where key frames have no usable timestamps. Raises
        SourceClosedError.
        """
        timetable = self._timed()
        if limit < 1:
            raise ValueError(f"limit is {limit}; use 1 or more")
        chosen = spread(timetable, limit)
        seeks = not self._why_not_seekable(timetable) and len(timetable.segments) > 1
        return self._preview_steps(timetable, chosen, seeks=seeks)

    def counters(self) -> Counters:
        """Counts over all ticks, whichever pass settled them; the identity holds at any moment.

        Before the first pass nothing is expected yet.
        """
        return self._ledger.counters()

    def close(self) -> None:
        """Stop all passes; callable from any thread at any moment, more than once.

        A pass that is decoding ends at its next packet. Only a blocked read of the file itself (a
        network share that went away) cannot be interrupted.
        """
        self._closed.set()
        self._spare.close()
        for running in list(self._passes):
            running.close()

    def _started(self, started: Pass) -> Pass:
        self._passes.add(started)
        return started

    def _reader(self) -> Reader:
        if self._closed.is_set():
            raise SourceClosedError(f"{str(self.path)!r} was closed; open it again")
        return Reader(self.path, self.settings, self._closed, self._orientations)

    def _first_pts(self) -> int | None:
        """Timestamp of the first picture that decodes; None if it has none.

        Raises UndecodableError if no picture decodes.
        """
        reader = self._reader()
        notes = Notes(reader)
        try:
            pts: int | None = first_picture(reader, self.path, notes).pts
        except BaseException:
            reader.close()
            raise
        self._spare.keep(reader, notes)
        return pts

    def _timed(self) -> Timetable:
        with self._index_lock:
            if self._timetable is None:
                self._timetable = self._read_timetable()
                if not self._timetable.why_unusable:
                    self._ledger.expect(self._timetable.ticks)
            elif self._closed.is_set():
                raise SourceClosedError(f"{str(self.path)!r} was closed; open it again")
            return self._timetable

    def _read_timetable(self) -> Timetable:
        reader, notes = self._spare.take()
        if reader is None or notes is None or not notes.is_whole:
            if reader is not None:
                reader.close()
            reader, notes = self._reader(), None
        try:
            timetable = read_timetable(reader, self._origin_pts, notes)
        except BaseException as error:
            reader.close()
            if isinstance(error, PassStoppedError):
                raise SourceClosedError(f"{str(self.path)!r} was closed; open it again") from None
            raise
        if self.settings.sampling == "keys" and not self._closed.is_set():
            self._spare.keep(reader)  # key frames are reached by seeking, with any decoder
        else:
            reader.close()
        return timetable

    def _why_not_seekable(self, timetable: Timetable) -> str:
        if timetable.why_unusable:
            return timetable.why_unusable
        if timetable.lead_s > self.settings.max_stretch_lead_s:
            return f"decoding can only start every {timetable.lead_s:.0f} s"
        return ""

    def _timed_steps(self, timetable: Timetable, ticks: range) -> Iterator[Frame | Gap]:
        reader = self._pass_reader()
        try:
            sample = self._sampler(reader)
            limit_s = cover_limit_s(self._interval_s(timetable))
            coverage = Coverage(
                self._ledger,
                first_tick=ticks.start,
                limit_s=limit_s,
                last_t_s=None,
                is_undecodable=lambda tick: self._has_pictures(timetable, tick),
            )
            damage = Damage(self._ledger, ticks.start, ticks.stop)

            def settle_until(tick: int) -> list[Gap]:
                """Ticks before ``tick`` have no frame; one that was promised is damage."""
                open_ticks = range(coverage.next_tick, tick)
                if open_ticks and open_ticks.start == ticks.start:
                    coverage.last_t_s = self._last_before(timetable, ticks.start, limit_s)
                for lost in open_ticks:
                    if self._has_pictures(timetable, lost):
                        damage.lose(lost)
                return coverage.settle_until(tick)

            for sampled in sample(reader, timetable, ticks, damage):
                yield from settle_until(sampled.tick)
                coverage.see(sampled.tick, sampled.t_s)
                yield self._frame(sampled)
            yield from settle_until(ticks.stop)
            if ticks.stop == timetable.ticks:
                self._note_cut(damage, ticks.stop - 1)
        finally:
            reader.close()

    def _pass_reader(self) -> Reader:
        """A reader for one pass: as new, unless key frames are reached by seeking."""
        spare, _ = self._spare.take()
        if spare is not None and self.settings.sampling == "keys" and seeks_fast(spare.format):
            return spare
        if spare is not None:
            spare.close()
        return self._reader()

    def _sampler(self, reader: Reader) -> Callable[..., Iterator[Sampled]]:
        if self.settings.sampling == "tick":
            return sample_ticks
        return partial(sample_keys, seeks=seeks_fast(reader.format))

    def _last_before(self, timetable: Timetable, tick: int, limit_s: float) -> float | None:
        """Time of the last frame stored before ``tick``, if near enough to cover it."""
        ticks = range(max(0, int(tick - limit_s) - 1), tick)
        if not ticks:
            return None
        reader = self._reader()
        sample = self._sampler(reader)
        damage = Damage(None, ticks.start, ticks.stop)
        try:
            last_t_s = None
            for sampled in sample(reader, timetable, ticks, damage, convert=False):
                last_t_s = sampled.t_s
            return last_t_s
        finally:
            reader.close()

    def _interval_s(self, timetable: Timetable) -> float:
        """What sets how far a frame covers: between pictures, or between key frames."""
        if self.settings.sampling == "tick" or len(timetable.key_pts) < 2:
            return timetable.median_interval_s
        return float(np.median(np.diff(timetable.key_pts))) * float(timetable.time_base)

    def _has_pictures(self, timetable: Timetable, tick: int) -> bool:
        if self.settings.sampling == "keys":  # between key frames nothing failed
            return False
        return bool(timetable.first_pts[tick] != NO_PTS)

    def _untimed_steps(self, timetable: Timetable, start_tick: int) -> Iterator[Frame | Gap]:
        reader = self._reader()
        try:
            interval = timetable.median_interval or guessed_interval(reader)
            clock = StreamClock(reader.time_base, interval=interval)
            damage = Damage(self._ledger, 0, None)
            coverage = Coverage(
                self._ledger,
                first_tick=0,
                limit_s=cover_limit_s(
                    self._interval_s(timetable) or float(interval * reader.time_base)
                ),
                last_t_s=None,
                is_undecodable=damage.__contains__,
            )
            wanted = range(start_tick, MAX_TICKS)
            keys_only = self.settings.sampling == "keys"
            for sampled in sample_untimed(reader, clock, wanted, damage, keys_only=keys_only):
                self._expect(sampled.tick + 1)
                for gap in coverage.see(sampled.tick, sampled.t_s):
                    if gap.end_s > start_tick:
                        yield Gap(max(gap.start_s, float(start_tick)), gap.end_s, gap.reason)
                if sampled.tick >= start_tick:
                    yield self._frame(sampled)
            self._note_cut(damage, coverage.next_tick - 1)
        finally:
            reader.close()

    def _note_cut(self, damage: Damage, last_tick: int) -> None:
        """A file that was cut off leaves a trace even if all that is left decodes."""
        if last_tick >= 0 and last_tick not in damage and is_cut_short(self.path):
            damage.add(last_tick, packets=1)

    def _expect(self, ticks: int) -> None:
        try:
            self._ledger.expect(ticks)
        except ValueError as error:
            raise CaptureError(
                f"timestamps of {str(self.path)!r} run past {MAX_TICKS} s; repair the file first"
            ) from error

    def _preview_steps(
        self, timetable: Timetable, chosen: list[Any], *, seeks: bool
    ) -> Iterator[Frame]:
        reader = self._reader()
        try:
            for sampled in sample_spread_keys(reader, timetable, chosen, seeks=seeks):
                yield self._frame(sampled, kind="key")
        except PassStoppedError:
            return
        finally:
            reader.close()

    def _frame(self, sampled: Sampled, *, kind: FrameKind | None = None) -> Frame:
        assert sampled.pixels is not None  # wanted ticks are converted
        return Frame(
            pixels=sampled.pixels,
            t_s=sampled.t_s,
            tick=sampled.tick,
            kind=kind or ("key" if self.settings.sampling == "keys" else "tick"),
            received_s=self._monotonic(),
            wall_s=self._wall(),
            corrupt=sampled.corrupt,
        )


def open_file(path: str | Path, settings: Settings | None = None) -> FileSource:
    """Open a video file and decode its first picture.

    Raises OpenError (missing, directory, empty, no permission), NotVideoError (text, playlist,
    sound only, unknown), TooLargeError, UndecodableError; each a line that says what to do.
    """
    return FileSource(Path(path), settings or Settings())
