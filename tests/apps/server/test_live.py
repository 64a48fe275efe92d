"""A server with a live source: killed and started again, and with viewers that come and go."""

from __future__ import annotations

import time

import pytest

from tests.apps.served import talk
from tests.apps.watched import PICTURE, inspected
from tests.capture.servers import RtspServer
from tests.capture.videos import X264, encode, steady


async def seen(talker, ticks, source="front"):
    """The first status that tells of so many ticks seen."""
    while True:
        status = await talker.next("source.status")
        if status.source == source and status.ticks is not None and status.ticks.seen >= ticks:
            return status


@pytest.mark.slow  # two servers, each watched for some seconds
def test_a_killed_server_goes_on_with_its_live_recording(serve, program):
    started = ("--source", f"front={PICTURE}", "--set", "commit_s=1")
    served = serve(*started)
    before = talk(served, lambda talker: seen(talker, 3))
    served.child.kill()
    served.child.communicate(timeout=60)
    left = inspected(program)
    assert left["ticks_seen"] >= 1
    time.sleep(1.5)  # the least that is a gap is a second
    again = serve(*started)

    async def work(talker):
        status = await seen(talker, left["ticks_seen"] + 2)
        await talker.put("What is it?", source="front")
        return status, await talker.next("response.done", "error")

    after, done = talk(again, work)
    assert after.recording_id == before.recording_id
    assert done.status != "failed"
    assert done.coverage.start_s == 0
    code, said = again.stop()
    assert code == 0, said
    found = inspected(program)
    assert found["runs"] == 2
    assert found["blind_s"]["off"] >= 1
    assert found["ticks_seen"] >= left["ticks_seen"] + 2
    assert (found["ticks_dropped"], found["ticks_pending"]) == (0, 0)


@pytest.mark.slow  # watches for some seconds
def test_a_viewer_that_leaves_stops_no_capture(serve, program):
    served = serve("--source", f"front={PICTURE}")
    first = talk(served, lambda talker: seen(talker, 1))
    alone_s = 2.5
    time.sleep(alone_s)  # nobody looks

    async def leave_in_mid_answer(talker):
        status = await seen(talker, 1)
        await talker.put("What is it?", source="front")
        await talker.next("response.created")
        return status

    second = talk(served, leave_in_mid_answer)
    assert second.ticks.expected >= first.ticks.expected + int(alone_s)
    third = talk(served, lambda talker: seen(talker, second.ticks.seen + 2))
    assert (third.state, third.reconnects, third.recording_id) == ("seeing", 0, first.recording_id)
    assert (third.ticks.gapped, third.ticks.dropped) == (0, 0)
    code, said = served.stop()
    assert code == 0, said
    assert inspected(program)["runs"] == 1


@pytest.mark.slow  # starts a camera twice, and waits for it to be missed and found
def test_a_served_camera_is_lost_and_found_while_a_viewer_looks_on(serve, program, tmp_path):
    options = {**X264, "tune": "zerolatency"}
    encode(tmp_path / "cam.mp4", steady(30, 15), fps=15, gop=30, size=(160, 128), options=options)
    with RtspServer(tmp_path) as camera:
        url = camera.url("cam.mp4")
        served = serve("--source", f"front={url}", "--set", "live_backoff_s=0.3")

        async def state(talker, wanted):
            while (status := await talker.next("source.status")).state != wanted:
                pass
            return status

        async def work(talker):
            before = await seen(talker, 2)
            camera.kill()
            await state(talker, "reconnecting")
            gap = await talker.next("source.gap")
            camera.start()
            await state(talker, "seeing")
            return before, gap, await seen(talker, before.ticks.seen + 2)

        before, gap, after = talk(served, work)
        assert gap.reason == "no signal"
        assert after.reconnects == 1
        assert after.ticks.gapped >= 1
        assert after.recording_id == before.recording_id
        code, said = served.stop()
        assert code == 0, said
    found = inspected(program, url)
    assert found["blind_s"]["no signal"] >= 1
