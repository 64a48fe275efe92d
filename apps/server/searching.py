"""Searching over HTTP: what is asked in a query string, what is found as a document."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from apps.server.answering import still_url, told_coverage
from apps.server.protocol import Found, FoundMoment, ProtocolError
from apps.server.protocol.bounds import LATEST_WALL_S, LONGEST_S
from apps.server.protocol.schema import document_of
from streamvid.answer import SearchResult, TimeRange

MOST_MOMENTS = 1000
LONGEST_PHRASE = 1000
_LATEST_S = {
    "start": LONGEST_S,
    "end": LONGEST_S,
    "last": LONGEST_S,
    "start_wall_s": LATEST_WALL_S,
    "end_wall_s": LATEST_WALL_S,
}
"""Fields of a ``TimeRange``, in order, with the largest value of each."""


@dataclass(frozen=True, slots=True)
class Search:
    """Look ``phrase`` up ``within`` a source; at most ``limit`` moments."""

    phrase: str
    within: TimeRange
    limit: int


def parse_search(query: Mapping[str, str]) -> Search:
    """The search that a query string describes.

    Raises ``ProtocolError`` that names the field, ``RangeError`` of times that cannot be.
    """
    phrase = query.get("phrase", "").strip()
    if not phrase or len(phrase) > LONGEST_PHRASE:
        raise _bad("phrase", f"1 to {LONGEST_PHRASE} characters")
    limit = query.get("limit", "10")
    if not limit.isascii() or not limit.isdecimal() or not 1 <= int(limit[:9]) <= MOST_MOMENTS:
        raise _bad("limit", f"a whole number, 1 to {MOST_MOMENTS}")
    return Search(phrase, TimeRange(*(_seconds(query, name) for name in _LATEST_S)), int(limit))


def search_document(source: str, found: SearchResult) -> dict[str, object]:
    """What was found: moments with the addresses of their stills, best first."""
    moments = tuple(
        FoundMoment(
            moment.t_s, round(moment.score, 6), still_url(source, moment.t_s), moment.wall_s
        )
        for moment in found.moments
    )
    return document_of(
        Found(
            source=source,
            recording_id=found.recording_id,
            phrase=found.phrase,
            moments=moments,
            coverage=told_coverage(found.coverage),
            search_s=round(found.search_s, 6),
        )
    )


def _seconds(query: Mapping[str, str], name: str) -> float | None:
    if name not in query:
        return None
    try:
        value = float(query[name])
    except ValueError:
        value = math.nan
    if not 0 <= value <= _LATEST_S[name]:
        raise _bad(name, f"seconds, 0 to {_LATEST_S[name]:g}")
    return value


def _bad(name: str, wanted: str) -> ProtocolError:
    return ProtocolError("bad_value", f"{name} cannot be read; pass {wanted}", param=name)
