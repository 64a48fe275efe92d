"""Where every tick went: the ledger behind ``expected = seen + covered + dropped + ...``."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Literal

TickState = Literal["seen", "covered", "dropped", "gapped"]

MAX_TICKS = 10_000_000
"""Ticks that a ledger holds at most (115 days): a broken clock must not allocate without bound."""

_PENDING = 0
_CODES: dict[TickState, int] = {"seen": 1, "covered": 2, "dropped": 3, "gapped": 4}


@dataclass(frozen=True, slots=True)
class Counters:
    """Ticks by what became of them, and damage. ``expected`` is the sum of the other five ticks.

    ``damaged_packets`` failed to decode, or were doubted by the demuxer and gave no clean picture;
    ``damaged_frames`` were decoded and flagged by the decoder. Counters of disjoint stretches add.
    """

    expected: int = 0
    seen: int = 0
    covered: int = 0
    dropped: int = 0
    gapped: int = 0
    pending: int = 0
    damaged_packets: int = 0
    damaged_frames: int = 0

    def __add__(self, other: Counters) -> Counters:
        return Counters(
            self.expected + other.expected,
            self.seen + other.seen,
            self.covered + other.covered,
            self.dropped + other.dropped,
            self.gapped + other.gapped,
            self.pending + other.pending,
            self.damaged_packets + other.damaged_packets,
            self.damaged_frames + other.damaged_frames,
        )


class Ledger:
    """One state per tick and damage per tick, safe to read from any thread.

    Writing a tick twice is harmless: a second pass over the same ticks ends in the same counts.
    """

    def __init__(self, expected: int = 0) -> None:
        self._states = bytearray(expected)
        self._damage: dict[int, tuple[int, int]] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._states)

    def expect(self, ticks: int) -> None:
        """Make room for ``ticks`` ticks, new ones pending. Raises ValueError past MAX_TICKS."""
        if ticks > MAX_TICKS:
            raise ValueError(f"{ticks} ticks are more than {MAX_TICKS}")
        with self._lock:
            if ticks > len(self._states):
                self._states.extend(bytes(ticks - len(self._states)))

    def settle(self, first_tick: int, end_tick: int, state: TickState) -> None:
        """Ticks [first, end) are ``state`` from now on."""
        with self._lock:
            span = bytes([_CODES[state]]) * (end_tick - first_tick)
            self._states[first_tick:end_tick] = span

    def damage(self, tick: int, packets: int, frames: int) -> None:
        """What was damaged in ``tick``, as totals: a later call replaces an earlier one."""
        with self._lock:
            self._damage[tick] = (packets, frames)

    def counters(self, first_tick: int = 0, end_tick: int | None = None) -> Counters:
        """Counts over ticks [first, end), all by default."""
        with self._lock:
            states = bytes(self._states[first_tick:end_tick])
            harm = [
                pair
                for tick, pair in self._damage.items()
                if tick >= first_tick and (end_tick is None or tick < end_tick)
            ]
        return Counters(
            expected=len(states),
            seen=states.count(_CODES["seen"]),
            covered=states.count(_CODES["covered"]),
            dropped=states.count(_CODES["dropped"]),
            gapped=states.count(_CODES["gapped"]),
            pending=states.count(_PENDING),
            damaged_packets=sum(packets for packets, _ in harm),
            damaged_frames=sum(frames for _, frames in harm),
        )
