"""Questions over a real websocket to a real server, with the tiny model."""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.exceptions import ConnectionClosed

from tests.apps.conftest import write_video
from tests.apps.served import Talker, connected, open_descriptors, talk


@pytest.fixture
def served(serve, clip):
    return serve("--source", f"clip={clip}", "--set", "fusion=full")


async def answer(talker: Talker) -> list:
    """All messages of the next answer."""
    said = [await talker.next("response.created", "error")]
    while said[-1].type not in ("response.done", "error"):
        said.append(
            await talker.next(
                "response.output_text.delta",
                "response.output_text.done",
                "response.output_text.annotation.added",
                "response.done",
                "error",
            )
        )
    return said


def test_a_session_begins_with_what_there_is(served):
    async def work(talker):
        created = await talker.next("session.created")
        status = await talker.next("source.status")
        return created, status

    created, status = talk(served, work)
    assert created.sources == ("clip",)
    assert created.limits.responses == 2
    assert (status.source, status.kind, status.title) == ("clip", "file", "colours.mp4")


def test_an_answer_comes_in_order_and_rests_on_stills_that_can_be_fetched(served):
    async def work(talker):
        await talker.watched("clip")
        await talker.put("red", source="clip", event_id="q", start=0, end=9)
        return await answer(talker)

    said = talk(served, work)
    types = [message.type for message in said]
    deltas = [m.delta for m in said if m.type == "response.output_text.delta"]
    (text,) = [m.text for m in said if m.type == "response.output_text.done"]
    moments = [m for m in said if m.type == "response.output_text.annotation.added"]
    assert types[0] == "response.created"
    assert said[0].event_id == "q"
    assert {m.response_id for m in said} == {said[0].response_id}
    assert "".join(deltas) == text != ""
    assert types == sorted(types, key=["response.created", "response.output_text.delta",
        "response.output_text.done", "response.output_text.annotation.added",
        "response.done"].index)  # fmt: skip
    done = said[-1]
    assert done.status in ("completed", "incomplete")
    assert done.exactness == ("exact",)
    assert done.coverage.seen_s == 9
    assert moments
    for moment in moments:
        code, headers, body = served.get(moment.url)
        assert code == 200
        assert body.startswith(b"\xff\xd8")
        assert "immutable" in headers["cache-control"]
        assert headers["content-type"] == "image/jpeg"
        assert served.get(moment.url, If_None_Match=headers["etag"])[0] == 304


def test_a_new_conversation_forgets_the_last_one(served):
    async def work(talker):
        await talker.watched("clip")
        exactness = []
        for conversation in ("auto", "auto", "new", "auto"):
            await talker.put("red", source="clip", conversation=conversation)
            exactness.append((await talker.next("response.done")).exactness)
        assert ["history kept" in one for one in exactness] == [False, True, False, True]

    talk(served, work)


def test_a_conversation_is_kept_and_one_that_stands_alone_is_not(served):
    async def work(talker):
        await talker.watched("clip")
        said = []
        for conversation in ("none", "auto", "none", "auto"):
            await talker.put("red", source="clip", conversation=conversation)
            said.append((await answer(talker))[-1].exactness)
        return said

    assert talk(served, work) == [("exact",), ("exact",), ("exact",), ("history kept",)]


def test_a_bad_message_is_told_and_the_session_lives_on(served):
    async def work(talker):
        await talker.watched("clip")
        bad = [
            '{"type": "response.create", "start": "soon", "event_id": "e"}',
            "nonsense",
            '{"type": "input_video_frame.append", "source": "clip", "size_bytes": 4}',
            b"\xff\xd8\xff\xe0",
            b"unannounced",
        ]
        told = []
        for message in bad:
            await talker.socket.send(message)
        for _ in range(4):
            told.append(await talker.next("error"))
        await talker.put("red", source="clip")
        return told, await answer(talker)

    told, said = talk(served, work)
    assert [(m.code, m.param, m.event_id) for m in told] == [
        ("bad_value", "start", "e"),
        ("not_json", None, None),
        ("not_pushed", "source", None),
        ("no_picture_header", None, None),
    ]
    assert said[-1].type == "response.done"


def test_a_range_beyond_the_end_fails_its_answer_alone(served):
    async def work(talker):
        await talker.watched("clip")
        await talker.put("red", source="clip", start=500, event_id="q")
        created = await talker.next("response.created")
        error = await talker.next("error")
        done = await talker.next("response.done")
        await talker.put("red", source="clip")
        return created, error, done, await answer(talker)

    created, error, done, said = talk(served, work)
    assert (error.code, error.response_id, error.event_id) == (
        "bad_range", created.response_id, "q",
    )  # fmt: skip
    assert (done.status, done.finish) == ("failed", "failed")
    assert said[-1].status != "failed"


def test_a_deadline_ends_an_answer(served):
    async def work(talker):
        await talker.watched("clip")
        await talker.put("red", source="clip", deadline_ms=1)
        return await answer(talker)

    done = talk(served, work)[-1]
    assert (done.status, done.finish) == ("incomplete", "deadline")


# Sixty answers to twenty clients: some 2 s.
def test_two_files_and_twenty_clients_get_their_own(serve, tmp_path):
    red = write_video(tmp_path / "red.mp4", ["red"] * 9)
    blue = write_video(tmp_path / "blue.mp4", ["blue"] * 13)
    served = serve("--source", f"red={red}", "--source", f"blue={blue}")

    async def alone(talker):
        await talker.watched("red")
        await talker.put("Is it?", source="red", conversation="none")
        first = (await answer(talker))[1:-1]
        while True:
            await talker.put("Is it?", source="blue", conversation="none")
            said = await answer(talker)
            if said[-1].type == "response.done" and said[-1].coverage.frames == 13:
                return {"red": texts(first), "blue": texts(said[1:-1])}
            await asyncio.sleep(0.1)

    def texts(said):
        return [(m.source, m.url) for m in said if hasattr(m, "url")], [
            m.text for m in said if m.type == "response.output_text.done"
        ]

    wanted = talk(served, alone)
    assert wanted["red"] != wanted["blue"]

    async def crowd(first):
        async def one(number):
            async with connected(served) as talker:
                source = "red" if number % 2 else "blue"
                for _ in range(3):
                    await talker.put("Is it?", source=source, conversation="none")
                    said = await answer(talker)
                    assert {m.response_id for m in said} == {said[0].response_id}
                    assert texts(said[1:-1]) == wanted[source]
                    deltas = [m.delta for m in said if m.type == "response.output_text.delta"]
                    assert ["".join(deltas)] == wanted[source][1]

        await first.next("session.created")
        await asyncio.gather(*(one(number) for number in range(20)))

    talk(served, crowd)


def test_a_cancelled_answer_stops_with_what_was_said(serve, clip, pipes):
    served = serve(
        "--source", f"clip={clip}", STREAMVID_MODEL="held_model:SlowSpeaker", **pipes.environment
    )

    async def work(talker):
        await talker.watched("clip")
        await talker.put("red", source="clip")
        created = await talker.next("response.created")
        await asyncio.to_thread(pipes.wait)  # the model stands still in the middle of it
        await talker.send("response.cancel", response_id=created.response_id)
        await talker.send("session.update", event_id="after")
        await talker.next("session.updated")
        pipes.let_go()
        done = await talker.next("response.done")
        await talker.put("red", source="clip")
        return done, (await answer(talker))[-1]

    done, after = talk(served, work)
    assert (done.status, done.finish) == ("cancelled", "cancelled")
    assert done.usage.new_tokens <= 8
    assert after.status != "cancelled"
    assert after.usage.new_tokens > 8


def test_who_leaves_takes_its_question_along_and_no_source(serve, clip, pipes):
    served = serve(
        "--source", f"clip={clip}", "-v",
        STREAMVID_MODEL="held_model:SlowSpeaker", **pipes.environment,
    )  # fmt: skip

    async def leave(talker):
        await talker.watched("clip")
        await talker.put("red", source="clip")
        await asyncio.to_thread(pipes.wait)

    talk(served, leave)
    pipes.let_go()

    async def stay(talker):
        status = await talker.next("source.status")
        await talker.put("red", source="clip")
        return status, (await answer(talker))[-1]

    status, done = talk(served, stay)
    assert status.state == "ended"
    assert done.status != "failed"
    code, said = served.stop()
    assert code == 0
    ends = [json.loads(line)["finish"] for line in said.splitlines() if '"event": "answer"' in line]
    assert ends[0] == "cancelled"
    assert len(ends) == 2


def test_nothing_is_left_of_clients_that_went(served):
    async def visit(talker):
        await talker.next("session.created")

    async def watch(talker):
        await talker.watched("clip")

    talk(served, watch)
    for _ in range(5):
        talk(served, visit)
    before = open_descriptors(served.child.pid)
    for _ in range(30):
        talk(served, visit)
    assert open_descriptors(served.child.pid) <= before + 2


def test_a_message_too_long_closes_with_1009_and_others_go_on(served):
    async def work(talker):
        await talker.next("session.created")

        async def too_long(other):
            await other.socket.send(b"x" * (2**21 + 1))
            while True:
                await other.socket.recv()

        async with connected(served) as other:
            with pytest.raises(ConnectionClosed) as closed:
                await too_long(other)
        await talker.send("session.update", event_id="e")
        return closed.value.rcvd.code, await talker.next("session.updated")

    code, update = talk(served, work)
    assert code == 1009
    assert update.event_id == "e"
