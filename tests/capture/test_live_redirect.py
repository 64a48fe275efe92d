"""Servers that lead elsewhere: who is followed, and who is shown a password on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture import Address, LiveSource
from capture.live_redirect import refusal
from tests.capture.pushing import jpeg
from tests.capture.servers import (
    RtspServer,
    challenged,
    gate,
    leading_to,
    requests,
    rtsp_answer,
    scripted,
    shown,
)
from tests.capture.videos import X264, encode, steady
from tests.capture.watching import Reader, quick

watches = pytest.mark.slow  # opens a source in a process of its own, and some for seconds
KEPT = "rtsp://eye:s3cret@cam/x"


@pytest.mark.parametrize(
    ("url", "target"),
    [
        (KEPT, "rtsp://cam/y"),
        (KEPT, "rtsp://CAM:9554/x?a=b"),
        (KEPT, "rtsps://cam/x"),
        (KEPT, "rtsp://anna:pw@cam/x"),
        ("rtsps://eye:s3cret@cam/x", "rtsps://cam/y"),
        ("rtsp://eye:s3cret@[::1]/x", "rtsp://[::1]/y"),
        ("rtsp://cam/x", "rtsp://other/x"),
    ],
)
def test_a_server_may_lead_on_where_no_password_goes_astray(url, target) -> None:
    assert refusal(url, target, follow=True) is None
    assert refusal(url, target, follow=False)


@pytest.mark.parametrize(
    "target",
    [
        "rtsp://other/x", "rtsp://cam.evil/x", "rtsp://cam@evil/x", "rtsp://cam:1@evil/x",
        "http://cam/x", "rtsp://ca\tm/x", "rtsp:///x", "/x", "", "rtsp://[cam/x", "rtsp://cam\\@evil/x",
        "rtsp://cam:" + "9" * 2000, "rtsp://\uff43am/x",
    ],
)  # fmt: skip
def test_no_password_is_shown_to_another_host(target) -> None:
    said = refusal(KEPT, target, follow=True)
    assert said
    assert "s3cret" not in said


def test_no_password_leaves_tls() -> None:
    assert refusal("rtsps://eye:s3cret@cam/x", "rtsp://cam/x", follow=True)


@given(st.text())
def test_whatever_a_server_says_is_judged(target) -> None:
    said = refusal(KEPT, target, follow=True)
    assert said is None or "s3cret" not in said


def rtsp_target(heard: list[str]):
    """Another RTSP server, which asks for a password."""

    def talk(client) -> None:
        for request in requests(client):
            heard.append(request)
            challenge = 'WWW-Authenticate: Basic realm="cam"'
            client.sendall(rtsp_answer(request, "401 Unauthorized", challenge))

    return talk


def tried(url: str, **more) -> tuple[str, str]:
    """Reason and detail of the first two attempts at ``url``, which fail in the same way."""
    with LiveSource(Address.parse(url), quick(), **more) as source:
        reader = Reader(source)
        reader.until(lambda: source.status().attempt >= 2, 8)
        status = source.status()
        reader.finish()
        assert reader.frames == []
        first = next(item for item in reader.items if getattr(item, "state", "") != "connecting")
        assert (first.reason, first.detail) == (status.reason, status.detail)
        return status.reason, status.detail


@watches
def test_an_rtsp_server_leads_no_password_to_another_host() -> None:
    heard: list[str] = []
    with (
        scripted(rtsp_target(heard)) as other,
        scripted(leading_to(f"rtsp://localhost:{other}/x", rtsp=True)) as port,
    ):
        reason, detail = tried(f"rtsp://eye:s3cret@127.0.0.1:{port}/x")
    assert heard == []
    assert reason == "failed"
    assert "localhost" in detail
    assert "s3cret" not in detail


@watches
def test_an_rtsp_server_may_lead_elsewhere_on_its_own_host(tmp_path: Path) -> None:
    encode(tmp_path / "cam.mp4", steady(20, 15), fps=15, gop=15, size=(160, 128), options=X264)
    with (
        RtspServer(tmp_path) as server,
        scripted(gate(server.port, lambda: "s3cret")) as gated,
        scripted(leading_to(server.url("cam.mp4", gated), rtsp=True)) as port,
        LiveSource(Address.parse(f"rtsp://eye:s3cret@127.0.0.1:{port}/x"), quick()) as source,
    ):
        reader = Reader(source)
        reader.until(lambda: len(reader.frames) >= 2, 10)


@watches
@pytest.mark.parametrize("url", ["rtsp://127.0.0.1:{}/x", "rtsp://eye:s3cret@127.0.0.1:{}/x"])
def test_an_rtsp_server_leads_nowhere_where_that_is_forbidden(url) -> None:
    heard: list[str] = []

    def talk(client) -> None:
        for request in requests(client):
            client.sendall(rtsp_answer(request, "302 Moved", f"Location: rtsp://127.0.0.1:{other}"))

    with scripted(rtsp_target(heard)) as other, scripted(talk) as port:
        reason, detail = tried(url.format(port), follow_redirects=False)
    assert heard == []
    assert (reason, "leads to another address" in detail) == ("failed", True)


@watches
def test_an_http_server_may_lead_elsewhere_and_takes_no_password_along() -> None:
    heard: list[str] = []
    camera = challenged(shown(lambda n: jpeg(n % 50), 10), heard)
    with scripted(camera) as other:
        for place in ("localhost", "127.0.0.1"):
            with scripted(leading_to(f"http://{place}:{other}/x.mjpg")) as port:
                assert tried(f"http://eye:pw@127.0.0.1:{port}/x.mjpg")[0] == "refused"
    assert heard
    assert not [request for request in heard if "Authorization" in request]


@watches
def test_an_http_server_leads_nowhere_where_that_is_forbidden() -> None:
    heard: list[str] = []
    camera = challenged(shown(lambda n: jpeg(n % 50), 10), heard)
    with scripted(camera) as other:
        location = f"http://eye:pw@127.0.0.1:{other}/x.mjpg"
        with scripted(leading_to(location)) as port:
            url = f"http://127.0.0.1:{port}/x.mjpg"
            with LiveSource(Address.parse(url), quick()) as source:
                reader = Reader(source)
                reader.until(lambda: reader.frames != [], 8)  # it would be followed
            heard.clear()
            reason, detail = tried(url, follow_redirects=False)
            playlist, _ = tried(url.replace("mjpg", "m3u8"), follow_redirects=False)
    assert heard == []
    assert (reason, playlist) == ("failed", "failed")
    assert "leads to another address" in detail
