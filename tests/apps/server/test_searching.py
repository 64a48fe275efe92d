"""Searching over HTTP: query strings, and a real server's answer beside the program's own."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.client import connect
from apps.errors import ServerRefusedError
from apps.server.protocol import ErrorRaised, ProtocolError, parse_server
from apps.server.searching import MOST_MOMENTS, parse_search
from streamvid.answer import TimeRange
from streamvid.errors import RangeError
from tests.apps.served import talk


def test_a_query_string_is_a_search() -> None:
    asked = parse_search({"phrase": " a red car ", "limit": "3", "start": "60", "end": "90.5"})
    assert (asked.phrase, asked.limit) == ("a red car", 3)
    assert asked.within == TimeRange(60.0, 90.5)
    assert parse_search({"phrase": "x"}).limit == 10


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "phrase"),
        ({"phrase": "  "}, "phrase"),
        ({"phrase": "x" * 1001}, "phrase"),
        ({"phrase": "x", "limit": "0"}, "limit"),
        ({"phrase": "x", "limit": str(MOST_MOMENTS + 1)}, "limit"),
        ({"phrase": "x", "limit": "٣"}, "limit"),
        ({"phrase": "x", "start": "soon"}, "start"),
        ({"phrase": "x", "last": "nan"}, "last"),
        ({"phrase": "x", "start_wall_s": "14:02"}, "start_wall_s"),
        ({"phrase": "x", "end_wall_s": "1e300"}, "end_wall_s"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(query, field) -> None:
    with pytest.raises(ProtocolError, match=field) as refused:
        parse_search(query)
    assert refused.value.param == field


@given(
    st.dictionaries(
        st.sampled_from(["phrase", "limit", "start", "end", "last", "start_wall_s", "x"]), st.text()
    )
)
def test_any_query_is_a_search_or_refused(query) -> None:
    try:
        asked = parse_search(query)
    except (ProtocolError, RangeError):
        return
    assert asked.phrase
    assert 1 <= asked.limit <= MOST_MOMENTS


def test_a_server_finds_what_the_program_finds(serve, program, clip) -> None:
    served = serve("--source", f"clip={clip}")
    talk(served, lambda talker: talker.watched("clip"))
    code, _, body = served.get("/search/clip?phrase=green&limit=2")
    assert code == 200
    document = json.loads(body)
    for moment in document["moments"]:
        assert served.get(moment["url"])[0] == 200

    async def search():
        async with connect(served.url) as client:
            return await client.search("clip", "green", within=TimeRange(), limit=2)

    found = asyncio.run(search())
    own = program.run("search", clip, "green", "--limit", "2", "--json")
    assert own.returncode == 0, own.stderr
    theirs = json.loads(own.stdout)
    assert [m.t_s for m in found.moments] == [m["t_s"] for m in theirs["moments"]]
    assert [m["score"] for m in document["moments"]] == pytest.approx(
        [m["score"] for m in theirs["moments"]], abs=1e-5
    )
    assert found.coverage.text == theirs["coverage"]["text"]
    for path, code in (
        ("/search/clip", 400),
        ("/search/clip?phrase=x&start=soon", 400),
        ("/search/clip?phrase=x&start=5&end=2", 400),
        ("/search/clip?phrase=x&start_wall_s=1790000000", 400),
        ("/search/nobody?phrase=x", 404),
    ):
        assert served.get(path)[0] == code


def test_searches_are_counted_and_a_foreign_page_has_none(serve, clip) -> None:
    served = serve("--source", f"clip={clip}")
    talk(served, lambda talker: talker.watched("clip"))
    search = "/search/clip?phrase=red"
    for headers in ({"Origin": "http://evil.example"}, {"Sec_Fetch_Site": "cross-site"}):
        assert served.get(search, **headers)[0] == 403
    own = {"Origin": served.url.rstrip("/"), "Sec_Fetch_Site": "same-origin"}
    assert served.get(search, **own)[0] == 200
    with ThreadPoolExecutor(30) as many:
        answers = list(many.map(lambda _: served.get(search), range(30)))
    refused = [(headers, body) for code, headers, body in answers if code == 429]
    assert len(refused) >= 10
    assert {code for code, _, _ in answers} == {200, 429}
    headers, body = refused[0]
    assert headers["retry-after"] == "1"
    assert parse_server(body.decode()).code == "rate_limited"

    async def later():
        async with connect(served.url) as client:
            return await client.search("clip", "red", within=TimeRange(), limit=1)

    time.sleep(1.1)
    assert asyncio.run(later()).moments


def test_what_is_refused_over_http_is_told_as_over_the_websocket(serve, clip) -> None:
    served = serve("--source", f"clip={clip}")
    talk(served, lambda talker: talker.watched("clip"))
    code, headers, body = served.get("/search/clip?phrase=x&start_wall_s=1790000000")
    assert (code, headers["content-type"]) == (400, "application/json")
    told = parse_server(body.decode())
    assert isinstance(told, ErrorRaised)
    assert (told.code, told.param) == ("bad_range", "start_wall_s")

    async def refused(source, **within):
        async with connect(served.url) as client:
            with pytest.raises(ServerRefusedError) as raised:
                await client.search(source, "green", within=TimeRange(**within))
            return raised.value.code, raised.value.exit_code

    assert asyncio.run(refused("clip", start_wall_s=1.79e9)) == ("bad_range", 2)
    assert asyncio.run(refused("clip", start_s=500.0)) == ("bad_range", 2)
    assert asyncio.run(refused("nobody")) == ("no_source", 4)
