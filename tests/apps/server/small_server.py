"""A server with the tiny model, small queues and no rates worth naming: ``HOME FILE``."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from pathlib import Path

from tiny_model import TinyModel

from apps.server.access import Access
from apps.server.admission import Admission
from apps.server.protocol import Limits
from apps.server.room import Room
from apps.server.serving import Serving, bound_socket, serve
from streamvid.session import Session


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

        serving = Serving(Access(None, "127.0.0.1"), Admission(), limits, most_clients=4)
        asyncio.run(serve(serving, session, listening, begin=begin))


if __name__ == "__main__":
    main(*sys.argv[1:])
