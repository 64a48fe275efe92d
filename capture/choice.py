"""Which picture stands for a tick, and what damage was met on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from capture.counters import Ledger
from capture.frame import Pixels


class Converter(Protocol):
    """Whoever makes kept pixels of a decoded picture."""

    def pixels(self, picture: Any) -> Pixels:
        """The picture as it is kept: uint8 [H, W, 3] RGB."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """A picture that stands for ``tick``; ``pixels`` is None outside the ticks asked for."""

    tick: int
    t_s: float
    pixels: Pixels | None
    corrupt: bool


class Damage:
    """Counts damage by tick over one pass and tells the ledger, within the pass's own ticks."""

    def __init__(self, ledger: Ledger | None, first_tick: int, end_tick: int | None) -> None:
        self._ledger = ledger
        self._first, self._end = first_tick, end_tick
        self._totals: dict[int, tuple[int, int]] = {}

    def add(self, tick: int, *, packets: int = 0, frames: int = 0) -> None:
        """One more damaged packet or frame in ``tick``."""
        if tick < self._first or (self._end is not None and tick >= self._end):
            return
        before = self._totals.get(tick, (0, 0))
        self._totals[tick] = (before[0] + packets, before[1] + frames)
        if self._ledger is not None:
            self._ledger.damage(tick, *self._totals[tick])

    def lose(self, tick: int) -> None:
        """A picture that the packets promised in ``tick`` never came out.

        One damaged frame, unless its damage is known, or becomes known later.
        """
        if tick not in self._totals and self._ledger is not None:
            self._ledger.damage(tick, 0, 1)

    def __contains__(self, tick: object) -> bool:
        return tick in self._totals


class Doubts:
    """Packets that the demuxer doubts, until their pictures come out.

    Its doubt proves nothing: transport streams flag whole packets beside a lost byte or a clock
    that jumps. One counts as damaged if its picture is flagged as well, or never comes.
    """

    def __init__(self, *, field_span: int = 0) -> None:
        """``field_span``: how far, in time units, a packet may lie behind its picture."""
        self._field_span = field_span
        self._open: dict[int | None, int] = {}

    def add(self, pts: int | None, tick: int) -> None:
        """The packet at ``pts``, of ``tick``, is doubted and did not fail to decode."""
        self._open[pts] = tick

    def settle(self, pts: int | None) -> int:
        """The picture at ``pts`` came out: how many doubted packets it was made of."""
        if not self._open:
            return 0
        mine = [
            doubted
            for doubted in self._open
            if doubted == pts
            or (doubted is not None and pts is not None and 0 < doubted - pts <= self._field_span)
        ]
        for doubted in mine:
            del self._open[doubted]
        return len(mine)

    def open_ticks(self) -> list[int]:
        """Ticks of the packets whose pictures never came."""
        return list(self._open.values())


class Choice:
    """Chooses the picture of each tick: the first clean one, else the first corrupt one."""

    def __init__(self, reader: Converter, wanted: range | None) -> None:
        self._reader = reader
        self._wanted = wanted
        self._held: Sampled | None = None
        self.newest_tick = -1

    def offer(self, tick: int, t_s: float, picture: Any) -> Iterator[Sampled]:
        """Consider a picture of ``tick``; yields what is decided by it."""
        if tick <= self.newest_tick:
            return
        if picture.is_corrupt:
            if self._held is not None and self._held.tick == tick:
                return
            yield from self.flush()
            if tick > self.newest_tick:
                self._held = self._sampled(tick, t_s, picture, corrupt=True)
            return
        if self._held is not None and self._held.tick == tick:
            self._held = None
        yield from self.flush()
        if tick > self.newest_tick:
            self.newest_tick = tick
            yield self._sampled(tick, t_s, picture, corrupt=False)

    def flush(self) -> Iterator[Sampled]:
        """Nothing better comes for a corrupt picture that was held back."""
        if self._held is not None:
            held, self._held = self._held, None
            self.newest_tick = held.tick
            yield held

    def drop(self, reader: Converter) -> None:
        """Forget a picture held back; ``reader`` decodes from now on."""
        self._held = None
        self._reader = reader

    def _sampled(self, tick: int, t_s: float, picture: Any, *, corrupt: bool) -> Sampled:
        wanted = self._wanted is None or tick in self._wanted
        return Sampled(tick, t_s, self._reader.pixels(picture) if wanted else None, corrupt)
