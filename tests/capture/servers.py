"""Cameras on loopback: a real RTSP server as a process, and scripted servers for what it can't."""

from __future__ import annotations

import base64
import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from select import select
from socket import create_connection, create_server, socket
from threading import Thread

_SERVE = (
    "import asyncio, sys; from aio_rtsp_toolkit.server import serve;"
    " asyncio.run(serve(sys.argv[1], '127.0.0.1', int(sys.argv[2])))"
)


def free_port() -> int:
    with create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class RtspServer:
    """A real RTSP server over the clips of ``folder``; can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> RtspServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def url(self, clip: str, port: int | None = None) -> str:
        return f"rtsp://127.0.0.1:{port or self.port}/{clip}?play_count=0"

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, str(self._folder), str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline_s = time.monotonic() + 20
        while True:
            try:
                create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(0.05)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextlib.contextmanager
def scripted(talk: Callable[[socket], None]) -> Iterator[int]:
    """A server that gives each client to ``talk``; yields its port."""
    listener = create_server(("127.0.0.1", 0))
    is_open = True
    clients: list[socket] = []

    def one(client: socket) -> None:
        with contextlib.suppress(OSError), client:
            talk(client)

    def accept() -> None:
        while is_open:
            if select([listener], [], [], 0.05)[0]:
                client, _ = listener.accept()
                clients.append(client)
                Thread(target=one, args=(client,), daemon=True).start()

    thread = Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        is_open = False
        thread.join()
        listener.close()
        for client in clients:
            with contextlib.suppress(OSError):
                client.close()


def requests(client: socket) -> Iterator[str]:
    """Requests of a text protocol (RTSP, HTTP) without bodies."""
    held = b""
    while True:
        received = client.recv(65536)
        if not received:
            return
        held += received
        while b"\r\n\r\n" in held:
            head, _, held = held.partition(b"\r\n\r\n")
            yield head.decode("latin-1")


def _sequence(request: str) -> str:
    return next(
        (line for line in request.split("\r\n") if line.lower().startswith("cseq")), "CSeq: 1"
    )


def rtsp_answer(request: str, status: str, *headers: str, body: str = "") -> bytes:
    lines = [f"RTSP/1.0 {status}", _sequence(request), *headers]
    if body:
        lines += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def always(status: str) -> Callable[[socket], None]:
    """An RTSP server that answers each request with ``status``."""

    def talk(client: socket) -> None:
        for request in requests(client):
            challenge = ['WWW-Authenticate: Basic realm="cam"'] if "401" in status else []
            client.sendall(rtsp_answer(request, status, *challenge))

    return talk


def gate(upstream_port: int, password: Callable[[], str]) -> Callable[[socket], None]:
    """Asks for user "eye" and ``password()``, then passes all on to a server without passwords."""

    def talk(client: socket) -> None:
        for request in requests(client):
            word = base64.b64encode(f"eye:{password()}".encode()).decode()
            if f"Authorization: Basic {word}" not in request:
                challenge = 'WWW-Authenticate: Basic realm="cam"'
                client.sendall(rtsp_answer(request, "401 Unauthorized", challenge))
                continue
            with create_connection(("127.0.0.1", upstream_port), 5) as server:
                server.sendall(request.encode("latin-1") + b"\r\n\r\n")
                other = {client: server, server: client}
                while True:
                    for ready in select([client, server], [], [], 1)[0]:
                        received = ready.recv(65536)
                        if not received:
                            return
                        other[ready].sendall(received)

    return talk


def described(media: str, *, payload: int, clock_hz: int) -> Callable[[socket], None]:
    """An RTSP camera of one stream, which ``media`` announces; it sends 160 bytes each 20 ms."""
    sdp = f"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n{media}a=control:a\r\n"

    def talk(client: socket) -> None:
        for request in requests(client):
            method = request.split(" ")[0]
            if method == "DESCRIBE":
                client.sendall(rtsp_answer(request, "200 OK", body=sdp))
            elif method == "SETUP":
                transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
                client.sendall(rtsp_answer(request, "200 OK", transport, "Session: 1"))
            elif method == "PLAY":
                client.sendall(rtsp_answer(request, "200 OK", "Session: 1"))
                for number in range(400):
                    rtp = bytes([0x80, payload]) + number.to_bytes(2, "big")
                    rtp += (
                        (number * clock_hz // 50).to_bytes(4, "big") + b"\0\0\0\1" + b"\xd5" * 160
                    )
                    client.sendall(b"$\0" + len(rtp).to_bytes(2, "big") + rtp)
                    time.sleep(0.02)
            else:
                client.sendall(rtsp_answer(request, "200 OK", "Public: DESCRIBE, SETUP, PLAY"))

    return talk


audio_only = described("m=audio 0 RTP/AVP 8\r\n", payload=8, clock_hz=8000)
"""A camera that has a microphone (A-law silence) and no eye."""
metadata_only = described(
    "m=application 0 RTP/AVP 96\r\na=rtpmap:96 vnd.onvif.metadata/90000\r\n",
    payload=96,
    clock_hz=90_000,
)
"""A camera's stream of what it detected, without the picture."""
of_unknown_codec = described(
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 X-CAM/90000\r\n", payload=224, clock_hz=90_000
)
"""A camera whose video no FFmpeg knows; each packet ends a picture."""


def mjpeg(pictures: Callable[[int], bytes | None], fps: float) -> Callable[[socket], None]:
    """An HTTP camera; ``pictures(n)`` is the n-th JPEG, None closes the connection."""
    show = shown(pictures, fps)

    def talk(client: socket) -> None:
        next(requests(client))
        show(client)

    return talk


def shown(pictures: Callable[[int], bytes | None], fps: float) -> Callable[[socket], None]:
    """``mjpeg`` once the request was read."""

    def talk(client: socket) -> None:
        kind = "multipart/x-mixed-replace; boundary=cut"
        client.sendall(f"HTTP/1.0 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode())
        number = 0
        while (jpeg := pictures(number)) is not None:
            head = f"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            client.sendall(head.encode() + jpeg + b"\r\n")
            number += 1
            time.sleep(1 / fps)

    return talk


def challenged(
    talk: Callable[[socket], None], heard: list[str], user_part: str = "eye:pw"
) -> Callable[[socket], None]:
    """An HTTP camera that gives to ``talk`` whoever brings ``user_part``; ``heard`` gets requests.

    Others are answered 401, as a camera does, and may ask again on the same connection.
    """
    word = base64.b64encode(user_part.encode()).decode()
    refusal = (
        "HTTP/1.1 401 Unauthorized\r\n"
        'WWW-Authenticate: Basic realm="cam"\r\nContent-Length: 0\r\n\r\n'
    )

    def ask(client: socket) -> None:
        for request in requests(client):
            heard.append(request)
            if f"Authorization: Basic {word}" in request:
                talk(client)
                return
            client.sendall(refusal.encode())

    return ask


def leading_to(location: str, *, rtsp: bool = False) -> Callable[[socket], None]:
    """A server that sends whoever asks on to ``location``, once a user and a password came if RTSP.

    Without a password in its address, a client of RTSP is sent on as well.
    """

    def talk(client: socket) -> None:
        asked = False
        for request in requests(client):
            if not rtsp:
                head = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
                client.sendall(head.encode())
            elif "Authorization" in request or asked:
                client.sendall(rtsp_answer(request, "302 Moved", f"Location: {location}"))
            elif request.startswith("OPTIONS"):
                client.sendall(rtsp_answer(request, "200 OK", "Public: DESCRIBE, SETUP, PLAY"))
            else:
                asked = True
                challenge = 'WWW-Authenticate: Basic realm="cam"'
                client.sendall(rtsp_answer(request, "401 Unauthorized", challenge))

    return talk
