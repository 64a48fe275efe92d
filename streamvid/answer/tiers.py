"""Which fusion states stay on the device, which wait in host memory, which go: a pure decision.

*Useful* is what was used often and lately: every use counts 1 when it happens and half as much
``HALF_LIFE_USES`` later, a use being a fusion step of any question. So frames that search finds
again and again, and those that are newest for a while, outlast the ones that a single question
spread over the recording; and what was used often long ago goes in its turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

HALF_LIFE_USES = 64
"""Some eight questions of bounded fusion."""

Tier = Literal["device", "host", "gone"]


@dataclass(frozen=True, slots=True)
class Usefulness:
    """``score`` as it was at use number ``at``."""

    score: float
    at: int

    def used(self, at: int) -> Usefulness:
        """After one more use, number ``at``."""
        return Usefulness(self.when(at) + 1.0, at)

    def when(self, at: int) -> float:
        """The score by use number ``at``."""
        return float(self.score * 0.5 ** ((at - self.at) / HALF_LIFE_USES))


@dataclass(frozen=True, slots=True)
class Holding:
    """States that are kept, or about to be made, ``nbytes`` in all."""

    nbytes: int
    use: Usefulness


def place(
    holdings: Sequence[Holding], *, device_bytes: int, host_bytes: int, at: int
) -> list[Tier]:
    """The tier of each of ``holdings``, as of use number ``at``.

    The most useful choose first: the device if they fit into what is left of ``device_bytes``, else
    the host, else they go. Of two equally useful ones that which was used last chooses first.
    """
    room = {"device": device_bytes, "host": host_bytes}
    tiers: list[Tier] = ["gone"] * len(holdings)

    def rank(number: int) -> tuple[float, int, int]:
        use = holdings[number].use
        return (-use.when(at), -use.at, number)

    for number in sorted(range(len(holdings)), key=rank):
        nbytes = holdings[number].nbytes
        for tier in ("device", "host"):
            if nbytes <= room[tier]:
                room[tier] -= nbytes
                tiers[number] = tier
                break
    return tiers
