from __future__ import annotations

import asyncio
import json
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.client.searching import search_path, told_result
from apps.errors import ServerLostError
from apps.server.searching import Search, parse_search, search_document
from streamvid.answer import CoverageReport, Moment, SearchResult, TimeRange

seconds = st.floats(0, 1e6)
walls = st.floats(1e9, 2e9)
RANGES = st.one_of(
    st.just(TimeRange()),
    st.builds(lambda a, b: TimeRange(a, a + 1 + b), seconds, seconds),
    st.builds(lambda a, b: TimeRange(start_wall_s=a, end_wall_s=a + 1 + b), walls, seconds),
    st.builds(lambda a: TimeRange(start_wall_s=a), walls),
    st.builds(lambda a, b: TimeRange(a, end_wall_s=b), seconds, walls),
    st.builds(lambda a, b: TimeRange(last_s=a + 1, end_wall_s=b), seconds, walls),
)
phrases = st.text(min_size=1, max_size=30).map(str.strip).filter(bool)


@given(phrases, RANGES, st.integers(1, 1000))
def test_what_is_asked_is_what_the_server_reads(phrase, within, limit):
    path = search_path("front", phrase, within=within, limit=limit)
    parts = urlsplit(path)
    assert parts.path == "/search/front"
    assert parse_search(dict(parse_qsl(parts.query))) == Search(phrase, within, limit)


async def still(url):
    return url.encode()


def test_what_the_server_found_is_what_is_told_here():
    coverage = CoverageReport(0.0, 9.0, 8.0, 8, 0, ((3.0, 4.0, "off"),), "seen 8 s of 9 s", 1)
    found = SearchResult(
        "a dog",
        "ab",
        (
            Moment(7, 7.04, 0.25, b"", 1_790_000_000.123456),
            Moment(2, 2.04, 0.125, b""),
        ),
        coverage,
        0.5,
    )
    body = json.dumps(search_document("front", found)).encode()
    told = asyncio.run(told_result(body, still))
    assert (told.phrase, told.recording_id, told.coverage) == ("a dog", "ab", coverage)
    assert [(m.tick, m.t_s, m.score, m.wall_s) for m in told.moments] == [
        (7, 7.04, 0.25, 1_790_000_000.123456),
        (2, 2.04, 0.125, None),
    ]
    assert [m.still for m in told.moments] == [b"/stills/front/7.04", b"/stills/front/2.04"]


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"{}", b'{"source": "a", "moments": 3}'])
def test_what_cannot_be_read_is_one_line(body):
    with pytest.raises(ServerLostError, match="cannot be read") as lost:
        asyncio.run(told_result(body, still))
    assert "\n" not in str(lost.value)
