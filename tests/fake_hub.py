"""A Hugging Face hub on loopback that serves folders: what its library asks for, and no more."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class FakeHub:
    """``models`` by name. The first ``cuts`` downloads of a weights file break off half-way."""

    models: Mapping[str, Path]
    cuts: int = 0
    url: str = ""
    ranges: list[str] = field(default_factory=list)
    """The ranges that were asked for."""

    def file(self, path: str) -> Path | None:
        """``/owner/model/resolve/REVISION/NAME`` on disk."""
        owner, model, verb, _, *rest = path.strip("/").split("/")
        folder = self.models.get(f"{owner}/{model}")
        found = folder.joinpath(*rest) if folder and verb == "resolve" else None
        return found if found and found.is_file() else None


@contextmanager
def running(hub: FakeHub) -> Iterator[FakeHub]:
    """Serve until the block ends; ``hub.url`` is where."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            path = self.path.split("?")[0]
            if path.startswith("/api/models/"):
                self._tell(path.removeprefix("/api/models/").split("/"))
                return
            file = hub.file(path) if path.count("/") > 4 else None
            if file is None:
                self._json({"error": "not found"}, 404)
                return
            data = file.read_bytes()
            start = 0
            asked = self.headers.get("Range")
            if asked:
                hub.ranges.append(asked)
                start = int(asked.removeprefix("bytes=").split("-")[0])
            self.send_response(206 if asked else 200)
            self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(len(data) - start))
            if asked:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.end_headers()
            if not body:
                return
            if hub.cuts and file.suffix == ".safetensors":
                hub.cuts -= 1
                self.wfile.write(data[start : len(data) // 2])
                self.wfile.flush()
                self.close_connection = True
                return
            self.wfile.write(data[start:])

        def _tell(self, parts: list[str]) -> None:
            folder = hub.models.get("/".join(parts[:2]))
            if folder is None:
                self._json({"error": "Repository not found"}, 404, "RepoNotFound")
                return
            files = sorted(path for path in folder.iterdir() if path.is_file())
            if "tree" in parts:
                tree = [
                    {
                        "type": "file",
                        "path": path.name,
                        "size": path.stat().st_size,
                        "oid": hashlib.sha1(path.read_bytes()).hexdigest(),
                    }
                    for path in files
                ]
                self._json(tree)
                return
            self._json(
                {
                    "id": "/".join(parts[:2]),
                    "sha": COMMIT,
                    "siblings": [{"rfilename": path.name} for path in files],
                }
            )

        def _json(self, value: object, status: int = 200, code: str | None = None) -> None:
            data = json.dumps(value).encode()
            self.send_response(status)
            if code:
                self.send_header("X-Error-Code", code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
