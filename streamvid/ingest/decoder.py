"""The thread that decodes ahead of the model: frames become stills here, and come in order.

It owns the source's iteration; nothing here knows the model or the memory.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

from capture import Frame, FrameKind, Gap, Pixels, decode_still, encode_still
from memory import GapRow

PUT_PATIENCE_S = 0.1
STOP_PATIENCE_S = 0.5


@dataclass(frozen=True, slots=True)
class StillFormat:
    """How stills are coded: JPEG of ``quality``, or PNG."""

    quality: int
    lossless: bool


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A frame ready for the model: ``pixels`` uint8 [H, W, 3] RGB are its decoded ``still``."""

    tick: int
    t_s: float
    kind: FrameKind
    wall_s: float
    corrupt: bool
    still: bytes
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class StretchStart:
    """What follows begins at ``first_tick``, a block's first."""

    first_tick: int


@dataclass(frozen=True, slots=True)
class StretchEnd:
    """The stretch is decoded up to ``end_tick``; every block of it is whole."""

    end_tick: int


Item = Prepared | GapRow | StretchStart | StretchEnd
Script = Callable[[], Iterator[Frame | Gap | StretchStart | StretchEnd]]


class Decoder:
    """Runs ``script`` in a thread of its own, at most ``waiting`` items ahead of the reader.

    ``next_item`` raises what the script raised, in its place. A context manager: leaving it stops
    the thread and waits for it. ``abort``, from another thread, makes the script end where it would
    not by itself within ``STOP_PATIENCE_S``.
    """

    def __init__(
        self,
        script: Script,
        still_format: StillFormat,
        *,
        waiting: int,
        abort: Callable[[], None],
    ) -> None:
        self._script = script
        self._abort = abort
        self._format = still_format
        self._items: queue.Queue[Item | BaseException | None] = queue.Queue(waiting)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="decoder", daemon=True)
        self._thread.start()

    def next_item(self, timeout_s: float) -> Item | None:
        """The next item, or ``None`` at the end. Raises ``queue.Empty`` where it takes longer."""
        item = self._items.get(timeout=max(timeout_s, 0.001))
        if isinstance(item, BaseException):
            raise item
        return item

    def close(self) -> None:
        """Stop soon; what was not read is lost."""
        self._stopping.set()
        self._thread.join(STOP_PATIENCE_S)
        if self._thread.is_alive():  # it decodes on without a frame to give, perhaps for minutes
            self._abort()
            self._thread.join()

    def __enter__(self) -> Decoder:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _run(self) -> None:
        last: BaseException | None = None
        steps = self._script()
        try:
            for item in steps:
                if not self._put(self._prepare(item)):
                    break
            if isinstance(steps, Generator):
                steps.close()  # in this thread: it frees what it had opened here
        except BaseException as error:  # noqa: BLE001 - raised again in the reader's thread
            last = error
        self._put(last)

    def _prepare(self, item: Frame | Gap | StretchStart | StretchEnd) -> Item:
        if isinstance(item, Gap):
            return GapRow(item.start_s, item.end_s, item.reason)
        if isinstance(item, Frame):
            return prepare(item, self._format)
        return item

    def _put(self, item: Item | BaseException | None) -> bool:
        while not self._stopping.is_set():
            try:
                self._items.put(item, timeout=PUT_PATIENCE_S)
            except queue.Full:
                continue
            return True
        return False


def prepare(frame: Frame, still_format: StillFormat) -> Prepared:
    """Make the frame's still, and from it the pixels that the model sees. Raises ``StillError``."""
    still = encode_still(frame.pixels, quality=still_format.quality, lossless=still_format.lossless)
    return Prepared(
        tick=frame.tick,
        t_s=frame.t_s,
        kind=frame.kind,
        wall_s=frame.wall_s,
        corrupt=frame.corrupt,
        still=still,
        pixels=decode_still(still),
    )
