"""Which sources are shown a user and a password: HTTP cameras that want one, and the real program.

Each waits until a camera was asked, or was seen, which takes a child process a second or two.
"""

from __future__ import annotations

import time
from contextlib import contextmanager

import pytest

from tests.apps.served import talk
from tests.apps.watched import Watched
from tests.capture.pushing import jpeg
from tests.capture.servers import challenged, leading_to, scripted, shown

pytestmark = pytest.mark.slow  # each starts the program, and it a process that opens the camera

VARIABLES = {"STREAMVID_SOURCE_USER": "eye", "STREAMVID_SOURCE_PASSWORD": "pw"}
TIMEOUT_S = 20.0


@contextmanager
def camera(heard):
    """An HTTP camera for user eye with pw; yields its port."""
    with scripted(challenged(shown(lambda n: jpeg(n % 50), 10), heard)) as port:
        yield port


@pytest.fixture
def netrc(tmp_path):
    def write(text):
        path = tmp_path / "cameras"
        path.write_text(text)
        path.chmod(0o600)
        return path

    return write


def state_of(served, source, *, address=None):
    """``refused`` or ``seeing``, whichever ``source`` becomes; it is added where ``address`` is."""

    async def work(talker):
        if address is not None:
            await talker.send("source.add", source=source, address=address)
        while True:
            status = await talker.next("source.status", timeout_s=TIMEOUT_S)
            if status.source == source and status.state in ("refused", "seeing"):
                return status.state

    return talk(served, work)


def detail_of(served, source, address):
    """Why ``source``, which is added, is tried again."""

    async def work(talker):
        await talker.send("source.add", source=source, address=address)
        while True:
            status = await talker.next("source.status", timeout_s=TIMEOUT_S)
            if status.source == source and status.state == "reconnecting":
                return status.detail

    return talk(served, work)


def brought(heard):
    return [line for request in heard for line in request.split("\r\n") if "Authorization" in line]


def test_the_environment_opens_what_the_user_named_and_nothing_that_a_client_added(serve):
    own, foreign = [], []
    with camera(own) as port, camera(foreign) as evil:
        served = serve(
            "--source", f"own=http://127.0.0.1:{port}/x.mjpg",
            "--allow-source", f"http://127.0.0.1:{evil}/*",
            **VARIABLES,
        )  # fmt: skip
        assert state_of(served, "own") == "seeing"
        address = f"http://127.0.0.1:{evil}/evil.mjpg"
        assert state_of(served, "added", address=address) == "refused"
    assert foreign
    assert brought(foreign) == []


def test_a_client_may_bring_a_password_of_its_own(serve):
    heard = []
    with camera(heard) as port:
        served = serve("--allow-source", f"http://127.0.0.1:{port}/*", **VARIABLES)
        address = f"http://eye:pw@127.0.0.1:{port}/x.mjpg"
        assert state_of(served, "added", address=address) == "seeing"


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("machine 127.0.0.1 login eye password pw\n", "seeing"),
        ("default login eye password pw\n", "refused"),
    ],
)
def test_of_the_file_a_client_s_source_gets_what_names_its_host(serve, netrc, text, state):
    heard = []
    with camera(heard) as port:
        served = serve("--allow-source", f"http://127.0.0.1:{port}/*", "--credentials", netrc(text))
        address = f"http://127.0.0.1:{port}/x.mjpg"
        assert state_of(served, "added", address=address) == state
    assert bool(brought(heard)) == (state == "seeing")


def test_of_the_file_the_user_s_own_source_gets_any_entry(serve, netrc):
    heard = []
    with camera(heard) as port:
        served = serve(
            "--source", f"own=http://127.0.0.1:{port}/x.mjpg",
            "--credentials", netrc("default login eye password pw\n"),
        )  # fmt: skip
        assert state_of(served, "own") == "seeing"


def test_what_a_client_added_leads_nowhere_else_and_the_users_own_may(serve):
    heard = []
    with (
        camera(heard) as other,
        scripted(leading_to(f"http://eye:pw@127.0.0.1:{other}/x.mjpg")) as port,
    ):
        address = f"http://127.0.0.1:{port}/x.mjpg"
        served = serve("--allow-source", f"http://127.0.0.1:{port}/*")
        detail = detail_of(served, "added", address)
        assert heard == []
        assert "leads to another address" in detail
        served.stop()
        assert state_of(serve("--source", f"own={address}"), "own") == "seeing"


@pytest.mark.parametrize("by", ["environment", "file"])
def test_watch_takes_both(program, netrc, by):
    heard = []
    with camera(heard) as port:
        file = netrc("machine 127.0.0.1 login eye password pw\n")
        watching = Watched(
            program, f"http://127.0.0.1:{port}/x.mjpg", "--for", "10s",
            *(("--credentials", file) if by == "file" else ()),
            **(VARIABLES if by == "environment" else {}),
        )  # fmt: skip
        watching.until(type="source.status", state="seeing")
    assert brought(heard)


def test_a_wrong_password_is_told_and_tried_again_later(program):
    heard = []
    with camera(heard) as port:
        wrong = VARIABLES | {"STREAMVID_SOURCE_PASSWORD": "other"}
        watching = Watched(program, f"http://127.0.0.1:{port}/x.mjpg", "--for", "10s", **wrong)
        told = watching.until(type="source.status", state="refused")
        count = len(heard)
        time.sleep(1)
        assert len(heard) == count
    assert "password" in told["detail"]
    assert "other" not in told["detail"]
