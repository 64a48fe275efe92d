"""``apps.client`` against the real server."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import get_args, get_type_hints

import pytest

from apps.client import connect
from apps.client.client import Client
from apps.errors import ServerLostError, ServerRefusedError
from apps.server.protocol import ResponseCreate

TOKEN = "correct-horse-battery-staple"


def run(work):
    return asyncio.run(asyncio.wait_for(work, 20))


async def watched(client, source):
    while not (source in client.statuses and client.statuses[source].state == "ended"):
        await asyncio.sleep(0.02)


def test_pieces_add_up_and_moments_have_pictures(serve, clip):
    served = serve("--source", f"clip={clip}")

    async def work():
        async with connect(served.url) as client:
            await watched(client, "clip")
            asking = client.ask("clip", "red", start=0, end=3)
            pieces = [piece async for piece in asking]
            stills = [await client.still(moment) for moment in asking.moments]
            return pieces, asking, stills, json.loads(await client.timeline("clip"))

    pieces, asking, stills, timeline = run(work())
    assert "".join(pieces) == asking.text != ""
    assert asking.done.coverage.end_s == 3
    assert stills
    assert all(still.startswith(b"\xff\xd8") for still in stills)
    assert timeline["seen"] == [[0.0, 9.0]]


def test_two_questions_at_once_keep_their_pieces_apart(serve, clip):
    served = serve("--source", f"clip={clip}")

    async def work():
        async with connect(served.url) as client:
            await watched(client, "clip")

            async def one(question, end):
                asking = client.ask("clip", question, end=end)
                text = "".join([piece async for piece in asking])
                return text == asking.text, asking.done.coverage.end_s

            return await asyncio.gather(one("red", 3), one("blue", 7))

    assert run(work()) == [(True, 3.0), (True, 7.0)]


def test_a_conversation_is_followed_or_begun_anew(serve, clip):
    served = serve("--source", f"clip={clip}")

    async def work():
        async with connect(served.url) as client:
            await watched(client, "clip")
            kept = []
            for conversation in ("auto", "auto", "new", "auto", "none"):
                asking = client.ask("clip", "red", conversation=conversation)
                async for _ in asking:
                    pass
                assert asking.done is not None
                kept.append("history kept" in asking.done.exactness)
            return kept

    assert run(work()) == [False, True, False, True, False]


def test_its_types_take_every_conversation_that_the_protocol_knows():
    known, taken = (
        get_args(get_type_hints(one)["conversation"]) for one in (ResponseCreate, Client.ask)
    )
    assert set(known) == set(taken)


def test_what_is_refused_is_raised_and_the_next_question_is_answered(serve, clip):
    served = serve("--source", f"clip={clip}")

    async def work():
        async with connect(served.url) as client:
            await watched(client, "clip")
            codes = []
            for source, question, where in (
                ("nobody", "red", {}),
                ("clip", "", {}),
                ("clip", "red", {"start": 5, "end": 2}),
                ("clip", "red", {"start": 500}),
            ):
                with pytest.raises(ServerRefusedError) as raised:
                    async for _ in client.ask(source, question, **where):
                        pass
                codes.append(raised.value.code)
            with pytest.raises(ServerRefusedError) as raised:
                await client.add_source("x", "/etc/passwd")
            codes.append(raised.value.code)
            asking = client.ask("clip", "red")
            return codes, "".join([piece async for piece in asking])

    codes, text = run(work())
    assert codes == ["no_source", "bad_value", "bad_range", "bad_range", "not_allowed"]
    assert text


def test_sources_are_added_and_removed(serve, clip):
    served = serve("--source", f"a={clip}", "--media-root", clip.parent)

    async def work():
        async with connect(served.url) as client:
            added = await client.add_source("b", clip.name)
            removed = await client.remove_source("b")
            return added.source, removed.source

    assert run(work()) == ("b", "b")


def test_leaving_an_answer_early_cancels_it(serve, clip, pipes):
    served = serve(
        "--source", f"clip={clip}", STREAMVID_MODEL="held_model:SlowSpeaker", **pipes.environment
    )

    async def work():
        async with connect(served.url) as client:
            await watched(client, "clip")
            asking = client.ask("clip", "red", conversation="auto")
            async for _ in asking:
                break
            await asyncio.to_thread(pipes.wait)
            pipes.let_go()
            again = client.ask("clip", "red")  # beside it, or after it
            return "".join([piece async for piece in again]), asking.done

    text, done = run(work())
    assert text
    assert done is None


def test_the_token_goes_along_everywhere(serve, clip):
    served = serve("--source", f"clip={clip}", "--token", TOKEN)

    async def work():
        with pytest.raises(ServerRefusedError, match="token"):
            async with connect(served.url):
                pass
        async with connect(served.url, token=TOKEN) as client:
            await watched(client, "clip")
            return await client.fetch("/picture/clip")

    assert run(work()).startswith(b"\xff\xd8")


def test_a_server_that_goes_is_told(serve, clip):
    served = serve("--source", f"clip={clip}")

    async def ask_on(client):
        while True:
            # Between its good-bye and its end it refuses questions.
            with suppress(ServerRefusedError):
                async for _ in client.ask("clip", "red"):
                    pass

    async def work():
        async with connect(served.url) as client:
            await watched(client, "clip")
            served.child.terminate()
            with pytest.raises(ServerLostError, match="1001"):
                await ask_on(client)

    run(work())


def test_what_is_not_there_over_http_is_told(serve, clip):
    served = serve("--source", f"clip={clip}")

    async def work():
        async with connect(served.url) as client:
            with pytest.raises(ServerLostError, match="answered 400 for /stills/clip/x: pass sec"):
                await client.fetch("/stills/clip/x")
            with pytest.raises(ServerRefusedError, match="no source 'nobody'") as raised:
                await client.timeline("nobody")
            return raised.value.code

    assert run(work()) == "no_source"


def test_nobody_there_is_told():
    async def work():
        async with connect("ws://127.0.0.1:9"):
            pass

    with pytest.raises(ServerLostError, match="cannot reach"):
        run(work())
