"""Who gets what of one connection; the socket is a queue each way."""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.exceptions import ConnectionClosedOK

from apps.client.connection import Connection
from apps.errors import ServerLostError, ServerRefusedError
from apps.server.protocol import (
    ErrorRaised,
    InputVideoFrameAppend,
    InputVideoFrameAppended,
    ResponseCancel,
    ResponseCreated,
    ResponseOutputTextDelta,
    SourceAdd,
    SourceAdded,
    text_of,
)


class Socket:
    """Gives way to others in the middle of each ``send``, as a full one does."""

    def __init__(self):
        self.sent, self.close_code, self.close_reason = [], None, ""
        self._coming = asyncio.Queue()

    async def send(self, message):
        if self.close_code is not None:
            raise ConnectionClosedOK(None, None)
        await asyncio.sleep(0)
        self.sent.append(message if isinstance(message, bytes) else json.loads(message)["type"])

    def say(self, *messages):
        for message in messages:
            self._coming.put_nowait(text_of(message))

    async def close(self):
        self.close_code = 1000
        self._coming.put_nowait(None)

    async def __aiter__(self):
        while (text := await self._coming.get()) is not None:
            yield text


def run(work):
    async def within():
        socket, heard = Socket(), []
        connection = Connection(socket)
        async with connection.receiving(heard.append):
            return await work(socket, connection, heard)

    return asyncio.run(asyncio.wait_for(within(), 10))


def test_nothing_comes_between_a_header_and_its_picture():
    async def work(socket, connection, _heard):
        header = InputVideoFrameAppend("phone", 4, event_id="h")
        pushing = asyncio.create_task(connection.request(header, b"JPEG"))
        cancels = [asyncio.create_task(connection.send(ResponseCancel())) for _ in range(3)]
        await asyncio.gather(*cancels)
        socket.say(InputVideoFrameAppended("phone", 1, "h"))
        await pushing
        return socket.sent

    sent = run(work)
    assert sent[sent.index("input_video_frame.append") + 1] == b"JPEG"
    assert sent.count("response.cancel") == 3


def test_an_answer_s_messages_go_to_who_asked_and_all_is_heard():
    async def work(socket, connection, heard):
        first, second = connection.expect("a"), connection.expect("b")
        socket.say(
            ResponseCreated("resp_1", "x", "?", "a"),
            ResponseCreated("resp_2", "x", "?", "b"),
            ResponseOutputTextDelta("resp_2", "two"),
            ResponseOutputTextDelta("resp_1", "one"),
            ResponseOutputTextDelta("resp_3", "nobody's"),
        )
        await first.get()
        await second.get()
        deltas = (await first.get()).delta, (await second.get()).delta
        while len(heard) < 5:
            await asyncio.sleep(0)
        return deltas

    assert run(work) == ("one", "two")


def test_a_request_gets_its_answer_or_its_refusal():
    async def work(socket, connection, _heard):
        adding = asyncio.create_task(connection.request(SourceAdd("x", "y", "a")))
        await asyncio.sleep(0)
        socket.say(SourceAdded("x", "file"), SourceAdded("x", "file", "a"))
        said = await adding
        again = asyncio.create_task(connection.request(SourceAdd("x", "y", "b")))
        await asyncio.sleep(0)
        socket.say(ErrorRaised("source_exists", "there is one", False, event_id="b"))
        with pytest.raises(ServerRefusedError, match="there is one") as refused:
            await again
        return said.event_id, refused.value.code

    assert run(work) == ("a", "source_exists")


def test_who_waits_is_told_of_the_end_and_nobody_waits_after_it():
    async def work(socket, connection, _heard):
        waiting = asyncio.create_task(connection.request(SourceAdd("x", "y", "a")))
        await asyncio.sleep(0)
        await socket.close()
        for asked in (waiting, connection.request(SourceAdd("x", "y", "b"))):
            with pytest.raises(ServerLostError, match="1000"):
                await asked
        return connection.ended

    assert run(work)
