"""What a search over HTTP finds, as a document: written by the server, read by a client."""

from __future__ import annotations

from dataclasses import dataclass

from apps.server.protocol.bounds import SourceName, WallSeconds, Words
from apps.server.protocol.values import Coverage


@dataclass(frozen=True, slots=True)
class FoundMoment:
    """A moment close to the phrase; ``url`` leads to its still."""

    t_s: float
    score: float
    url: Words
    wall_s: WallSeconds | None = None
    """What the wall clock said; a file's recording has none."""


@dataclass(frozen=True, slots=True)
class Found:
    """Moments, best first, and what could be searched at all."""

    source: SourceName
    recording_id: Words
    phrase: Words
    moments: tuple[FoundMoment, ...]
    coverage: Coverage
    search_s: float
