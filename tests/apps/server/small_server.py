"""A server with the tiny model, small queues and no rates worth naming: ``HOME FILE``."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from tiny_model import TinyModel

from apps.server.access import Access
from apps.server.admission import Admission
from apps.server.file_source import FileOpener
from apps.server.protocol import Limits, ProtocolError, SourceStatus
from apps.server.room import Room
from apps.server.serving import Serving, bound_socket, serve
from apps.server.sources import Notify
from streamvid.session import Session


class Pushed:
    """The simplest pushed source: it counts what it was given and keeps none of it."""

    kind = "pushed"
    recording_id = None
    picture_s = None

    def __init__(self, name: str) -> None:
        self.name = name
        self.sizes: list[int] = []

    def status(self) -> SourceStatus:
        reason = ",".join(map(str, self.sizes))
        return SourceStatus(self.name, "pushed", "seeing", reason, 0.0)

    def await_memory(self, over: Callable[[], bool]) -> None:
        pass

    def stop(self) -> None:
        pass

    def close(self, *, within_s: float) -> bool:
        return True

    def push(self, jpeg: bytes, *, t_s: float | None, received_s: float) -> None:
        if len(jpeg) > 100:
            raise ProtocolError("bad_picture", "picture is too large")
        self.sizes.append(len(jpeg))


class PushOpener:
    def takes(self, address: str) -> bool:
        return address == "push:"

    def open(self, name: str, address: str, notify: Notify, *, by_client: bool = False) -> Pushed:
        return Pushed(name)


def main(home: str, file: str) -> None:
    limits = Limits(messages_per_s=1e6, outgoing_messages=50)
    with bound_socket("127.0.0.1", 0) as listening, Session(Path(home), TinyModel) as session:
        # So that what waits, waits with us and not in the system's megabytes.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)

        def begin(room: Room) -> None:
            room.add("clip", file)
            port = listening.getsockname()[1]
            sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{port}/"}) + "\n")
            sys.stdout.flush()

        admission = Admission(("push:",))
        serving = Serving(Access(None, "127.0.0.1"), admission, limits, most_clients=4)
        openers = (FileOpener(session), PushOpener())
        asyncio.run(serve(serving, session, (listening,), openers=openers, begin=begin))


if __name__ == "__main__":
    main(*sys.argv[1:])
