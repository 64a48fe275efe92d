"""Searching a server over HTTP: the path that asks it, and what its document says."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from urllib.parse import quote, urlencode

from apps.errors import ServerLostError
from apps.server.protocol import Coverage, Found, ProtocolError
from apps.server.protocol.schema import read
from streamvid.answer import CoverageReport, Moment, SearchResult, TimeRange


def search_path(source: str, phrase: str, *, within: TimeRange, limit: int) -> str:
    """Where the moments of ``source`` closest to ``phrase`` are told."""
    times = {
        "start": within.start_s,
        "end": within.end_s,
        "last": within.last_s,
        "start_wall_s": within.start_wall_s,
        "end_wall_s": within.end_wall_s,
    }
    query = {"phrase": phrase, "limit": limit} | {
        name: value for name, value in times.items() if value is not None
    }
    return f"/search/{quote(source)}?{urlencode(query)}"


async def told_result(body: bytes, fetch: Callable[[str], Awaitable[bytes]]) -> SearchResult:
    """What the document ``body`` says was found, its stills fetched. Raises ``ServerLostError``."""
    try:
        found = read(Found, json.loads(body), strict=False)
    except (ValueError, ProtocolError) as error:
        raise ServerLostError(f"the server's answer cannot be read: {error}") from error
    moments = [
        Moment(int(m.t_s), m.t_s, m.score, await fetch(m.url), m.wall_s) for m in found.moments
    ]
    return SearchResult(
        phrase=found.phrase,
        recording_id=found.recording_id,
        moments=tuple(moments),
        coverage=told_report(found.coverage),
        search_s=found.search_s,
    )


def told_report(coverage: Coverage) -> CoverageReport:
    """A server's coverage as commands know it."""
    return CoverageReport(
        start_s=coverage.start_s,
        end_s=coverage.end_s,
        seen_s=coverage.seen_s,
        frames=coverage.frames,
        preview_frames=coverage.preview_frames,
        blind=tuple((gap.start_s, gap.end_s, gap.reason) for gap in coverage.blind),
        text=coverage.text,
        pending_s=coverage.pending_s,
    )
