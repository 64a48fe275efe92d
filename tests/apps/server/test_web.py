"""What is answered of pictures and timelines, and how often a room is asked for it; no socket."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from apps.server.access import Access
from apps.server.protocol import ProtocolError
from apps.server.web import build_app
from streamvid.session import Still
from tests.apps.server.test_documents import TIMELINE


class Source:
    picture_s: float | None = 7.0


class Room:
    """Sources by name; each look at one is noted and brings what is there then."""

    def __init__(self) -> None:
        self.sources = {"front": Source()}
        self.picture: bytes | None = b"\xff\xd8\xfffirst"
        self.looks: list[str] = []

    def source(self, name: str) -> Source:
        if name not in self.sources:
            raise ProtocolError("no_source", f"no source {name!r}", param="source")
        return self.sources[name]

    def still(self, name: str, t_s: float | None = None) -> Still | None:
        self.looks.append("newest" if t_s is None else f"at {t_s:g}")
        self.source(name)
        return None if self.picture is None else Still(7, 7.0, False, self.picture)

    def timeline(self, name: str):
        self.looks.append("timeline")
        self.source(name)
        return TIMELINE


class Site:
    """The application around a ``Room``, asked from one event loop."""

    def __init__(self) -> None:
        self.room = Room()
        lobby = SimpleNamespace(room=self.room, look=self._look)
        self._app = build_app(lobby, Access(None, "127.0.0.1"))

    async def _look(self, work):
        return work()

    async def get(self, path: str, tag: str | None = None) -> tuple[int, dict[str, str], bytes]:
        headers = [(b"host", b"127.0.0.1")]
        if tag is not None:
            headers.append((b"if-none-match", tag.encode()))
        scope = {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(),
            "root_path": "", "query_string": b"", "headers": headers, "scheme": "http",
            "http_version": "1.1", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 9),
        }  # fmt: skip
        said: list[dict] = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            said.append(message)

        await self._app(scope, receive, send)
        told = {name.decode(): value.decode() for name, value in said[0]["headers"]}
        return said[0]["status"], told, b"".join(one.get("body", b"") for one in said)


@pytest.fixture
def site():
    return Site()


def test_twenty_pages_have_one_picture_and_one_timeline_read(site):
    async def work():
        for path in ("/picture/front", "/timeline/front"):
            answers = await asyncio.gather(*(site.get(path) for _ in range(20)))
            assert {(code, body) for code, _, body in answers} == {(200, answers[0][2])}

    asyncio.run(work())
    assert site.room.looks == ["newest", "timeline"]


def test_what_a_browser_has_is_not_sent_again(site):
    async def work():
        for path in ("/picture/front", "/timeline/front", "/stills/front/7.0"):
            _, headers, body = await site.get(path)
            assert body
            again = await site.get(path, tag=headers["etag"])
            assert (again[0], again[2]) == (304, b"")
            assert again[1]["etag"] == headers["etag"]
            assert again[1]["cache-control"] == headers["cache-control"]
            assert (await site.get(path, tag='"other"'))[2] == body

    asyncio.run(work())


def test_a_newer_picture_is_sent_at_once(site):
    async def work():
        await site.get("/picture/front")
        site.room.picture = b"\xff\xd8\xffsecond"
        site.room.sources["front"].picture_s = 8.0
        assert (await site.get("/picture/front"))[2].endswith(b"second")

    asyncio.run(work())


def test_a_source_under_the_name_of_a_removed_one_is_read_anew(site):
    async def work():
        await site.get("/picture/front")
        del site.room.sources["front"]
        assert (await site.get("/picture/front"))[0] == 404
        site.room.sources["front"] = Source()
        site.room.picture = b"\xff\xd8\xffother"
        assert (await site.get("/picture/front"))[2].endswith(b"other")

    asyncio.run(work())


def test_that_there_is_no_picture_is_not_kept(site):
    async def work():
        picture, site.room.picture = site.room.picture, None
        assert (await site.get("/picture/front"))[0] == 404
        site.room.picture = picture
        assert (await site.get("/picture/front"))[0] == 200

    asyncio.run(work())


def test_a_still_of_a_time_is_looked_for_each_time(site):
    async def work():
        await site.get("/picture/front")
        for _ in range(2):
            assert (await site.get("/stills/front/7.0"))[0] == 200

    asyncio.run(work())
    assert site.room.looks == ["newest", "at 7", "at 7"]
