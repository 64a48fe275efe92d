"""How a server ends, is killed and comes back; what it remembers of it all."""

from __future__ import annotations

import asyncio
import json
import signal
import time

import pytest

from apps.server.serving import END_WITHIN_S
from tests.apps.served import await_served, connected, talk

# What a child needs to start and end its interpreter, on a machine where much else runs.
SLACK_S = 3.0


def ended(child, number=signal.SIGINT):
    """Send ``number``; exit code, what was said, seconds it took."""
    began_s = time.monotonic()
    child.send_signal(number)
    _, said = child.communicate(timeout=60)
    return child.returncode, said, time.monotonic() - began_s


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_idle_server_says_good_bye_and_ends(serve, clip, number):
    served = serve("--source", f"clip={clip}")

    async def work(talker):
        await talker.watched("clip")
        ending = asyncio.create_task(asyncio.to_thread(ended, served.child, number))
        going = await talker.next("session.going_away")
        await talker.socket.wait_closed()
        return going, talker.socket.close_code, await ending

    going, close_code, (code, said, took_s) = talk(served, work)
    assert going.within_s == END_WITHIN_S
    assert close_code == 1001
    assert code == 0
    assert "kept" in said
    assert "Traceback" not in said
    assert took_s < END_WITHIN_S


def test_an_answer_under_way_ends_or_is_cancelled_before_the_server_goes(serve, clip, pipes):
    served = serve(
        "--source", f"clip={clip}", STREAMVID_MODEL="held_model:SlowSpeaker", **pipes.environment
    )

    async def work(talker):
        await talker.watched("clip")
        item = {
            "type": "message", "role": "user", "content": [{"type": "input_text", "text": "red"}],
        }  # fmt: skip
        await talker.send("conversation.item.create", item=item)
        await talker.send("response.create", source="clip")
        await asyncio.to_thread(pipes.wait)
        ending = asyncio.create_task(asyncio.to_thread(ended, served.child))
        await talker.next("session.going_away")
        await talker.put("too late?", source="clip", conversation="none")
        late = await talker.next("error")
        pipes.let_go()
        done = await talker.next("response.done")
        if done.finish == "failed":  # that of the late one
            done = await talker.next("response.done")
        return late, done, await ending

    late, done, (code, said, took_s) = talk(served, work)
    assert done.finish in ("stop", "length", "cancelled")
    assert code == 0
    assert "Traceback" not in said
    assert took_s < END_WITHIN_S
    assert late.code == "going_away"


@pytest.mark.slow  # a step that never ends is waited for until the five seconds are up
def test_a_step_that_never_ends_holds_the_server_up_no_longer_than_told(serve, clip, pipes):
    served = serve(
        "--source", f"clip={clip}", STREAMVID_MODEL="held_model:SlowSpeaker", **pipes.environment
    )

    async def work(talker):
        await talker.watched("clip")
        await talker.put("red", source="clip")
        await asyncio.to_thread(pipes.wait)

    talk(served, work)
    code, said, took_s = ended(served.child)
    assert code == 1
    assert "what was committed is kept" in said
    assert took_s < END_WITHIN_S + SLACK_S


# Three processes, and a watch of 140 s of video: some 2 s.
def test_an_ingest_that_is_interrupted_is_kept_and_gone_on_with(serve, program, long_clip, pipes):
    held = {"STREAMVID_MODEL": "held_model:before_batch", "HELD_BATCH": "17", **pipes.environment}
    served = serve("--source", f"clip={long_clip}", **held)
    pipes.wait()
    served.child.kill()  # no good-bye: as after a power cut
    served.child.communicate(timeout=60)
    seen = json.loads(program.run("inspect", long_clip, "--json").stdout)
    assert 0 < seen["frames"] < 140

    again = serve("--source", f"clip={long_clip}")

    async def work(talker):
        created = await talker.next("session.created")
        await talker.watched("clip")
        await talker.put("red", source="clip")
        return created, await talker.next("response.done", "error")

    created, done = talk(again, work)
    assert created.sources == ("clip",)
    assert done.status != "failed"
    assert done.coverage.frames == 140
    line = json.loads(again.get("/timeline/clip")[2])
    assert line["seen"] == [[0.0, 140.0]]


def test_a_recording_whose_file_is_gone_is_served_by_its_name(serve, program, clip):
    assert program.run("ingest", clip, "--name", "holiday").returncode == 0
    served = serve("--source", "old=holiday")

    async def work(talker):
        status = await talker.next("source.status")
        await talker.put("red")
        return status, await talker.next("response.done", "error")

    status, done = talk(served, work)
    assert (status.state, status.title) == ("ended", "holiday")
    assert done.status != "failed"


def test_the_second_signal_ends_it_at_once(serve, clip, pipes):
    served = serve(
        "--source", f"clip={clip}", STREAMVID_MODEL="held_model:SlowSpeaker", **pipes.environment
    )

    async def work(talker):
        await talker.watched("clip")
        await talker.put("red", source="clip")
        await asyncio.to_thread(pipes.wait)
        served.child.send_signal(signal.SIGINT)
        await talker.next("session.going_away")
        return await asyncio.to_thread(ended, served.child)

    code, _, took_s = talk(served, work)
    assert code == 130
    assert took_s < 1.0


def test_a_failing_model_is_told_to_who_asks_and_the_server_goes_on(program, clip):
    child = program.start(
        "serve", "--port", "0", "--json", "--source", f"clip={clip}",
        STREAMVID_MODEL="held_model:missing",
    )  # fmt: skip
    served = await_served(child)

    async def work(talker):
        while True:
            status = await talker.next("source.status")
            if status.state == "refused":
                break
        await talker.put("red", source="clip")
        error = await talker.next("error")
        async with connected(served) as other:
            return status, error, await other.next("session.created")

    status, error, created = talk(served, work)
    assert "model could not be loaded" in status.detail
    assert error.code == "not_remembered"
    assert created.sources == ("clip",)
