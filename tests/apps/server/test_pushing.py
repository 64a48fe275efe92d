"""Pictures that clients push to a real server over real websockets, with the tiny model."""

from __future__ import annotations

import asyncio
import json

import cv2
import numpy as np
import pytest

from apps.client import Client, connect
from apps.errors import ServerRefusedError
from tests.apps.conftest import COLOURS
from tests.apps.served import Served, talk

PATIENCE_S = 20.0


def jpeg(colour: str, number: int) -> bytes:
    """A picture of ``colour`` with a bar that moves."""
    pixels = np.full((64, 96, 3), COLOURS[colour], np.uint8)
    pixels[:, 5 * number % 96] = 255
    return cv2.imencode(".jpg", pixels[:, :, ::-1])[1].tobytes()


@pytest.fixture
def served(serve):
    return serve(
        "--allow-source", "push:", "--allow-source", "push:*",
        "--set", "commit_s=0.2", "--set", "live_stall_s=1",
    )  # fmt: skip


def run(work) -> None:
    asyncio.run(asyncio.wait_for(work, 60))


async def shown(client: Client, source: str, **wanted):
    """The status of ``source`` once its fields are as ``wanted``."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            status = client.statuses.get(source)
            if status is not None and all(getattr(status, n) == v for n, v in wanted.items()):
                return status
            await asyncio.sleep(0.02)


async def push(client: Client, colour: str, count: int, *, t_s: float) -> int:
    """``count`` pictures, as a camera sends them; gives how many the session has sent."""
    said = None
    for number in range(count):
        said = await client.append_picture("phone", jpeg(colour, number), t=t_s + number * 0.3)
        await asyncio.sleep(0.3)
    assert said is not None
    return said.count


async def answered(client: Client, question: str) -> tuple[str, list[bytes]]:
    """The answer, and the pictures that it rests on; what is not remembered yet is asked again."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            asking = client.ask("phone", question)
            try:
                pieces = [piece async for piece in asking]
            except ServerRefusedError as error:
                if error.code != "not_remembered":
                    raise
                await asyncio.sleep(0.1)
                continue
            assert "".join(pieces) == asking.text
            assert asking.done is not None
            assert asking.done.status in ("completed", "incomplete")
            return asking.text, [await client.still(moment) for moment in asking.moments]


@pytest.mark.slow  # pictures come as time goes by, then a stall of a second is waited for
def test_one_client_pushes_another_sees_it_and_goes_on_when_it_leaves(served: Served, program):
    async def work():
        async with connect(served.ws) as second:
            async with connect(served.ws) as first:
                added = await first.add_source("phone", "push:")
                assert added.kind == "pushed"
                status = await shown(second, "phone", state="connecting")
                assert (status.kind, status.title) == ("pushed", "push:phone")
                assert status.ticks is not None
                assert status.ticks.expected == 0
                assert await push(first, "red", 10, t_s=4_000.0) == 10
                text, stills = await answered(first, "red")
                assert text
                assert stills
                for still in stills:
                    pixels = cv2.imdecode(np.frombuffer(still, np.uint8), cv2.IMREAD_COLOR)
                    assert np.abs(pixels[2, 2][::-1].astype(int) - COLOURS["red"]).max() < 40
                status = await shown(second, "phone", state="seeing")
                assert status.recording_id == "push:phone"
                assert await answered(second, "red") == (text, stills)
            # Whoever pushed is gone: the source stays.
            await shown(
                second, "phone", state="stalled", reason="stalled", detail="no picture for 1 s"
            )
            await asyncio.sleep(3.5)  # what is further than 2 s from the last picture is a gap
            assert await push(second, "blue", 5, t_s=7.0) == 5
            status = await shown(second, "phone", state="seeing", reconnects=1)
            while (ticks := status.ticks) is None or not ticks.gapped:  # until its commit
                await asyncio.sleep(0.02)
                status = await shown(second, "phone")
            assert status.picture_s is not None
            # Whoever is told of a picture is given it, or a newer one.
            _, headers, _ = await asyncio.to_thread(served.get, "/picture/phone")
            assert float(headers["x-frame-time"]) >= status.picture_s
            assert ticks.expected == (
                ticks.seen + ticks.covered + ticks.dropped + ticks.gapped + ticks.pending
            )
            timeline = json.loads(await second.timeline("phone"))
            await second.remove_source("phone")
            with pytest.raises(ServerRefusedError) as refused:
                await second.append_picture("phone", jpeg("red", 0))
            assert refused.value.code == "no_source"
        return timeline

    timeline = asyncio.run(asyncio.wait_for(work(), 60))
    assert "stalled" in json.dumps(timeline)
    code, said = served.stop()
    assert code == 0, said
    found = json.loads(program.run("inspect", "push:phone", "--json").stdout)
    assert [gap["reason"] for gap in found["gaps"]] == ["stalled"]


@pytest.mark.slow  # a status is told once a second, and two are waited for
def test_what_is_no_picture_is_refused_and_the_session_lives_on(served: Served):
    async def work():
        async with connect(served.ws) as client:
            await client.add_source("phone", "push:")
            good = jpeg("green", 0)
            huge = good.replace(b"\x00\x40\x00\x60", b"\xfd\xe8\xfd\xe8", 1)
            assert huge != good
            for bad in (good[:-300], huge, b"\xff\xd8\xff" + bytes(500), b"\x89PNG" + bytes(50)):
                with pytest.raises(ServerRefusedError) as refused:
                    await client.append_picture("phone", bad)
                assert refused.value.code == "bad_picture"
            await shown(client, "phone", state="connecting")
            assert (await client.append_picture("phone", good)).count == 1
            await shown(client, "phone", state="seeing")
            for name, address in (("x", "push:a b"), ("x", "push:../x"), ("x", "PUSH:-x")):
                with pytest.raises(ServerRefusedError) as refused:
                    await client.add_source(name, address)
                assert refused.value.code in ("not_allowed", "cannot_open")

    run(work())


def test_too_many_pictures_are_refused_and_others_go_on(served: Served):
    async def work(talker):
        await talker.send("source.add", source="phone", address="push:")
        await talker.next("source.added")
        coded = jpeg("red", 1)
        said = []
        for number in range(30):
            await talker.send(
                "input_video_frame.append", source="phone", size_bytes=len(coded),
                event_id=str(number),
            )  # fmt: skip
            await talker.socket.send(coded)
        while len(said) < 30:
            said.append(await talker.next("input_video_frame.appended", "error"))
        return said

    said = talk(served, work)
    assert sorted(int(message.event_id) for message in said) == list(range(30))
    refused = [message for message in said if message.type == "error"]
    assert {message.code for message in refused} == {"rate_limited"}
    assert all(message.retryable for message in refused)
    assert 10 <= 30 - len(refused) <= 20  # 5 a second, twice as many at once

    async def other():
        async with connect(served.ws) as client:
            assert (await client.append_picture("phone", jpeg("red", 2))).count == 1

    run(other())


def test_nobody_pushes_where_it_is_not_allowed(serve, clip):
    served = serve("--source", f"clip={clip}")

    async def work():
        async with connect(served.ws) as client:
            with pytest.raises(ServerRefusedError) as refused:
                await client.add_source("phone", "push:")
            assert refused.value.code == "not_allowed"
            with pytest.raises(ServerRefusedError) as refused:
                await client.append_picture("clip", jpeg("red", 0))
            assert refused.value.code == "not_pushed"

    run(work())
