"""The real program on a real RTSP server, behind a proxy that makes the faults.

All of them wait for real time-outs, cut down to seconds; that is what they are about.
"""

from __future__ import annotations

import signal
import time
from itertools import pairwise

import pytest

from tests.apps.watched import Watched, inspected
from tests.capture.proxy import Proxy
from tests.capture.servers import RtspServer
from tests.capture.videos import X264, encode, steady

pytestmark = pytest.mark.slow  # starts a server and waits for time-outs of a second or more

STALL_S, LONGEST_WAIT_S = 2.0, 0.6 * 1.2
QUICK = (
    "--name", "front", "--set", f"live_stall_s={STALL_S:g}", "--set", "live_first_frame_s=4",
    "--set", "live_backoff_s=0.3,0.3,0.6", "--set", "live_healthy_s=1", "--set", "commit_s=1",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("camera")
    options = {**X264, "tune": "zerolatency"}
    encode(made / "cam.mp4", steady(30, 15), fps=15, gop=30, size=(160, 128), options=options)
    return made


@pytest.fixture
def server(folder):
    with RtspServer(folder) as running:
        yield running


def seeing(watching):
    """Until something was seen, and is on the disk."""
    watching.until(state="seeing")
    answer = watching.ask("What is it?")
    assert answer["coverage"]["frames"] >= 1


def blind(program, reason):
    """What `inspect` of another process says, once a second is on record as not seen."""
    end_s = time.monotonic() + 10
    while time.monotonic() < end_s:
        found = inspected(program, "front")
        if found["blind_s"].get(reason, 0) >= 1:
            return found
    raise AssertionError(found)


def test_a_stall_is_on_the_disk_while_it_lasts_and_reaches_to_the_next_run(server, program):
    with Proxy(server.port) as proxy:
        url = server.url("cam.mp4", proxy.port)
        watching = Watched(program, url, *QUICK)
        seeing(watching)
        proxy.mode = "pause"
        paused_s = time.monotonic()
        watching.until(state="stalled")
        assert time.monotonic() - paused_s < STALL_S + 1
        watching.until(state="reconnecting")
        gap = watching.until(type="source.gap", reason="stalled")
        assert "end" not in gap  # nobody knows yet
        during = blind(program, "stalled")
        watching.end(signal.SIGKILL)
        proxy.mode = "pass"
        again = Watched(program, url, *QUICK)
        seeing(again)
        code, _, said = again.end(signal.SIGINT)
        assert code == 0, said
        after = inspected(program, "front")
        assert after["runs"] == 2
        assert after["ticks_seen"] > during["ticks_seen"]
        gaps = after["gaps"]
        assert gaps[0]["start_s"] == during["gaps"][0]["start_s"] == gap["start"]
        assert [one["reason"] for one in gaps[:2]] == ["stalled", "off"]
        assert all(one["end_s"] == two["start_s"] for one, two in pairwise(gaps))
        assert after["ticks_gapped"] == gaps[-1]["end_s"] - gaps[0]["start_s"]
        assert after["ticks_pending"] == 0


def test_a_server_that_is_killed_and_started_again_is_seen_again(server, program):
    watching = Watched(program, server.url("cam.mp4"), *QUICK)
    seeing(watching)
    server.kill()
    killed_s = time.monotonic()
    watching.until(state="reconnecting")
    assert time.monotonic() - killed_s < 2
    blind(program, "no signal")
    server.start()
    started_s = time.monotonic()
    watching.until(state="seeing")
    assert time.monotonic() - started_s < LONGEST_WAIT_S + 3
    code, _, said = watching.end(signal.SIGINT)
    assert code == 0, said
    assert inspected(program, "front")["runs"] == 1


def test_a_peer_that_vanishes_without_a_word_is_noticed_and_found_again(server, program):
    with Proxy(server.port) as proxy:
        watching = Watched(program, server.url("cam.mp4", proxy.port), *QUICK)
        seeing(watching)
        proxy.mode = "vanish"
        gone_s = time.monotonic()
        watching.until(state="stalled")
        assert time.monotonic() - gone_s < STALL_S + 1
        refused = watching.until(state="reconnecting", reason="unreachable")
        assert refused["ticks"]["seen"] >= 1
        blind(program, "no signal")
        proxy.mode = "pass"
        back_s = time.monotonic()
        watching.until(state="seeing")
        assert time.monotonic() - back_s < LONGEST_WAIT_S + 3
        code, _, said = watching.end(signal.SIGINT)
        assert code == 0, said
        found = inspected(program, "front")
        assert found["runs"] == 1
        assert found["ticks_gapped"] == sum(g["end_s"] - g["start_s"] for g in found["gaps"]) >= 1
