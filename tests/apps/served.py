"""The real server as a child process, and plain ways to talk to it."""

from __future__ import annotations

import asyncio
import json
import select
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from apps.server.protocol import ServerMessage, parse_server

TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Served:
    """A running server."""

    child: subprocess.Popen[str]
    url: str

    @property
    def ws(self) -> str:
        return self.url.replace("http", "ws", 1) + "ws"

    @property
    def port(self) -> int:
        return int(self.url.rstrip("/").rsplit(":", 1)[1])

    def stop(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """End it; its exit code and what it said."""
        self.child.send_signal(number)
        _, said = self.child.communicate(timeout=TIMEOUT_S)
        return self.child.returncode, said

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        return self.request("GET", path, **headers)

    def request(self, method: str, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url.rstrip("/") + path, method=method, headers=named)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=TIMEOUT_S) as answer:
                return answer.status, _lower(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _lower(error.headers), error.read()


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def await_served(child: subprocess.Popen[str]) -> Served:
    """Wait until ``child`` says where it serves."""
    assert child.stdout is not None
    assert child.stderr is not None
    ready, _, _ = select.select([child.stdout], [], [], TIMEOUT_S)
    line = child.stdout.readline() if ready else ""
    if not line:
        child.kill()
        raise AssertionError(f"the server did not start: {child.stderr.read()}")
    return Served(child, json.loads(line)["url"])


class Talker:
    """A websocket client without any of ours in between but the parser."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket

    async def send(self, type_: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": type_, **fields}))

    async def next(self, *types: str, timeout_s: float = TIMEOUT_S) -> ServerMessage:
        """The next message of one of ``types``; others are passed over."""
        async with asyncio.timeout(timeout_s):
            while True:
                message = parse_server(await self.socket.recv())
                if message.type in types:
                    return message

    async def put(self, question: str, **response: Any) -> None:
        content = [{"type": "input_text", "text": question}]
        item = {"type": "message", "role": "user", "content": content}
        await self.send("conversation.item.create", item=item)
        await self.send("response.create", **response)

    async def watched(self, source: str) -> None:
        """Until ``source`` is watched to its end."""
        while True:
            status = await self.next("source.status")
            if status.source == source and status.state == "ended":
                return
            assert status.state != "refused", status.detail


@asynccontextmanager
async def connected(served: Served, **headers: str) -> AsyncIterator[Talker]:
    """A ``Talker`` on a connection of its own."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with connect(
        served.ws, additional_headers=named, proxy=None, max_size=2**22, compression=None,
        max_queue=None,  # else a close is not read while messages wait that no test asked for
    ) as socket:  # fmt: skip
        yield Talker(socket)


def talk(
    served: Served,
    work: Callable[[Talker], Coroutine[Any, Any, Any]],
    *,
    timeout_s: float = TIMEOUT_S,
    **headers: str,
) -> Any:
    """Run ``work`` with a connected ``Talker``."""

    async def run() -> Any:
        async with connected(served, **headers) as talker:
            return await work(talker)

    return asyncio.run(asyncio.wait_for(run(), timeout_s))


def open_descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
