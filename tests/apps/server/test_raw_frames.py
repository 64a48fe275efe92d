"""What a well-behaved client library would never send, and one that never reads."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.apps.served import await_served, talk

TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9


class Raw:
    """A websocket on a plain socket: frames are made and read by hand."""

    def __init__(self, port: int, *, receive_bytes: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(30)
        self.socket.connect(("127.0.0.1", port))
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.stream = self.socket.makefile("rb")
        first = self.stream.readline().decode()
        if " 101 " not in first:
            self.__exit__()
            raise AssertionError(first)
        while self.stream.readline().strip():
            pass

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stream.close()
        self.socket.close()

    def send(self, opcode: int, payload: bytes, *, fin: bool = True, masked: bool = True) -> None:
        length = len(payload)
        first = (0x80 if fin else 0) | opcode
        bit = 0x80 if masked else 0
        if length < 126:
            head = struct.pack("!BB", first, bit | length)
        elif length < 2**16:
            head = struct.pack("!BBH", first, bit | 126, length)
        else:
            head = struct.pack("!BBQ", first, bit | 127, length)
        # A mask of zeros changes nothing and is a mask.
        self.socket.sendall(head + (bytes(4) if masked else b"") + payload)

    def frame(self) -> tuple[int, bytes] | None:
        """The next frame; ``None`` at the end of the connection."""
        head = self.stream.read(2)
        if len(head) < 2:
            return None
        length = head[1] & 0x7F
        if length >= 126:
            size = 2 if length == 126 else 8
            length = int.from_bytes(self.stream.read(size), "big")
        return head[0] & 0xF, self.stream.read(length)

    def close_code(self) -> int | None:
        """Read on to the server's close."""
        while (frame := self.frame()) is not None:
            if frame[0] == CLOSE:
                return int.from_bytes(frame[1][:2], "big")
        return None


@pytest.fixture(scope="module")
def served(tmp_path_factory, clip):
    folder = tmp_path_factory.mktemp("small")
    root = Path(__file__).parents[3]
    child = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("small_server.py")), str(folder), str(clip)],
        env=os.environ
        | {
            "PYTHONPATH": os.pathsep.join([str(root), str(root / "tests" / "streamvid")]),
            "OMP_NUM_THREADS": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with child:
        yield await_served(child)
        child.terminate()
        _, said = child.communicate(timeout=30)
        assert "Traceback" not in said


def lives_on(served) -> bool:
    async def work(talker):
        await talker.send("session.update", event_id="e")
        return (await talker.next("session.updated")).event_id == "e"

    return talk(served, work)


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([(TEXT, b"\xff\xfe")], 1007),
        ([(3, b"")], 1002),
        ([(CLOSE, b"\x03")], 1002),
        ([(PING, b"x" * 126)], 1002),
        ([(0, b"a piece of nothing")], 1002),
    ],
)
def test_frames_that_are_none_close_the_connection_alone(served, frames, code):
    with Raw(served.port) as raw:
        for opcode, payload in frames:
            raw.send(opcode, payload)
        assert raw.close_code() == code
    assert lives_on(served)


def test_an_unmasked_frame_closes_the_connection(served):
    with Raw(served.port) as raw:
        raw.send(TEXT, b"{}", masked=False)
        assert raw.close_code() == 1002


def test_a_message_in_a_thousand_pieces_is_one_message(served):
    message = json.dumps({"type": "session.update", "event_id": "x" * 64}).encode()
    with Raw(served.port) as raw:
        raw.send(TEXT, message[:1], fin=False)
        for place in range(1, len(message) - 1):
            raw.send(0, message[place : place + 1], fin=False)
        raw.send(0, message[-1:])
        while b"session.updated" not in (frame := raw.frame())[1]:
            assert frame is not None
        assert json.loads(frame[1])["event_id"] == "x" * 64


def test_pieces_that_are_too_long_together_close_with_1009(served):
    with Raw(served.port) as raw:
        raw.send(BINARY, bytes(2**20), fin=False)
        raw.send(0, bytes(2**20), fin=False)
        raw.send(0, bytes(2**20), fin=False)
        assert raw.close_code() == 1009
    assert lives_on(served)


@given(st.lists(st.text() | st.binary(), max_size=5))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_sent_is_answered_by_errors_and_the_session_lives_on(served, messages):
    with Raw(served.port) as raw:
        for message in messages:
            if isinstance(message, str):
                raw.send(TEXT, message.encode())
            else:
                raw.send(BINARY, message)
        raw.send(TEXT, b'{"type": "session.update", "event_id": "last"}')
        errors = 0
        while (frame := raw.frame()) is not None:
            document = json.loads(frame[1])
            errors += document["type"] == "error"
            if document["type"] == "session.updated":
                break
        assert frame is not None
        assert errors == len(messages)


def test_a_client_that_does_not_read_is_closed_with_1013_and_nobody_else_waits(served):
    with Raw(served.port, receive_bytes=4096) as raw:
        flood = json.dumps({"type": "session.update", "x" * 60: 1}).encode()
        try:
            for _ in range(3000):
                raw.send(TEXT, flood)
        except (ConnectionError, TimeoutError):
            pass  # closed before all of it was sent: what was to be shown
        assert lives_on(served)
        assert raw.close_code() == 1013


def test_a_connection_cut_off_in_the_middle_of_a_frame_harms_nobody(served):
    for _ in range(5):
        with Raw(served.port) as raw:
            raw.socket.sendall(b"\x81\xfe\xff")
    assert lives_on(served)


def test_more_clients_than_are_taken_are_told_to_come_later(served):
    raws = []
    try:
        raws = [Raw(served.port) for _ in range(4)]
        with pytest.raises(AssertionError, match="503"):
            Raw(served.port)
    finally:
        for raw in raws:
            raw.__exit__()


def test_pictures_of_a_client_reach_its_source_one_after_the_other(served):
    async def work(talker):
        await talker.send("source.add", source="phone", address="push:", event_id="add")
        added = await talker.next("source.added", "error")
        counts = []
        for number, size in enumerate((10, 20, 101, 30)):
            picture = b"\xff\xd8\xff".ljust(size, b"x")
            await talker.send(
                "input_video_frame.append",
                source="phone", size_bytes=size, t=float(number), event_id=f"p{number}",
            )  # fmt: skip
            await talker.socket.send(picture)
            told = await talker.next("input_video_frame.appended", "error")
            counts.append((told.type, told.event_id, getattr(told, "count", None)))
        while True:
            status = await talker.next("source.status")
            if status.source == "phone" and status.reason == "10,20,30":
                break
        await talker.send("source.remove", source="phone")
        await talker.next("source.removed")
        return added, counts

    added, counts = talk(served, work)
    assert (added.kind, added.event_id) == ("pushed", "add")
    ok = "input_video_frame.appended"
    assert counts == [(ok, "p0", 1), (ok, "p1", 2), ("error", "p2", None), (ok, "p3", 3)]
