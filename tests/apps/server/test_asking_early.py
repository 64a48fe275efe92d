"""Questions that come before the model is there: they wait for it, and for what was seen meanwhile.

The real program with a model that is held while it is loaded; a live source needs a second to come.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.apps.served import talk

PICTURE = "lavfi:testsrc2=size=96x64:rate=10"
HELD = {"STREAMVID_MODEL": "held_model:while_loading"}


@pytest.fixture
def served(serve, pipes):
    return serve("--source", f"front={PICTURE}", **HELD, **pipes.environment)


async def seen(talker):
    """Until a picture came, which nobody can remember yet."""
    while True:
        status = await talker.next("source.status")
        if status.state == "seeing":
            return


@pytest.mark.parametrize("conversation", ["auto", "none"])
def test_a_question_waits_for_the_model(served, pipes, conversation):
    async def work(talker):
        await seen(talker)
        await talker.put("What is it?", source="front", conversation=conversation)
        await talker.next("response.created")
        await asyncio.sleep(0.3)
        pipes.let_go()
        return await talker.next("response.done", "error")

    done = talk(served, work)
    assert done.type == "response.done"
    assert done.status in ("completed", "incomplete")
    assert done.coverage.seen_s > 0


def test_a_file_s_question_waits_as_well(serve, pipes, clip):
    served = serve("--source", f"clip={clip}", **HELD, **pipes.environment)

    async def work(talker):
        await talker.put("What is it?", source="clip")
        await talker.next("response.created")
        pipes.let_go()
        return await talker.next("response.done", "error")

    assert talk(served, work).type == "response.done"


def test_at_its_deadline_it_is_told_that_the_model_is_loading(served, pipes):
    async def work(talker):
        await seen(talker)
        await talker.put("What is it?", source="front", deadline_ms=500)
        return await talker.next("error"), await talker.next("response.done")

    error, done = talk(served, work)
    assert (error.code, error.retryable) == ("not_remembered", True)
    assert "the model is still loading" in error.message
    assert done.status == "failed"
    code, _, body = served.get("/timeline/front")
    assert code == 404
    assert b"the model is still loading" in body
    pipes.let_go()


def test_a_question_that_waits_can_be_cancelled(served, pipes):
    async def work(talker):
        await seen(talker)
        await talker.put("What is it?", source="front")
        created = await talker.next("response.created")
        await talker.send("response.cancel", response_id=created.response_id)
        return await talker.next("response.done", "error")

    done = talk(served, work)
    assert (done.type, done.status, done.finish) == ("response.done", "cancelled", "cancelled")
    pipes.let_go()


def test_a_source_that_nobody_saw_is_told_at_once(serve):
    served = serve("--source", "yard=rtsp://127.0.0.1:9/no")

    async def work(talker):
        await talker.put("What is it?", source="yard")
        return await talker.next("error", timeout_s=10)

    error = talk(served, work)
    assert (error.code, error.retryable) == ("not_remembered", True)
