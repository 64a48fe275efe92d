"""Where a live source is: one line that a user types, taken apart. Opens nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self
from urllib.parse import SplitResult, urlsplit

from capture.credentials import Credentials, parse_user_part
from capture.errors import AddressError

AddressKind = Literal["rtsp", "http", "hls", "webcam", "lavfi", "file"]

_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
_KINDS: dict[str, AddressKind] = {"rtsp": "rtsp", "rtsps": "rtsp", "http": "http", "https": "http"}
_REMEDY = "use rtsp://, rtsps://, http(s)://, webcam:N, lavfi:GRAPH or a file with realtime"


@dataclass(frozen=True, slots=True)
class Address:
    """A live source's address; printing it shows ``public`` only.

    ``public`` has no user, password or query, and is the same for all ways of writing one address;
    ``name`` is short, for people. ``location`` is what is opened, query included; ``credentials``
    are those that stood in the address.
    """

    kind: AddressKind
    public: str
    name: str
    host: str = field(default="", repr=False)
    location: str = field(default="", repr=False)
    credentials: Credentials | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str, *, realtime: bool = False) -> Self:
        """Take ``text`` apart; with ``realtime`` a path is a file played at filming speed.

        Raises AddressError; its message never repeats a password or a query.
        """
        if not text.strip() or "\0" in text:
            raise AddressError(f"a source's address is empty or broken; {_REMEDY}")
        scheme, colon, rest = text.partition(":")
        scheme = scheme.lower() if colon else ""
        if scheme in _KINDS and rest.startswith("//"):
            return cls._of_network(text)
        if scheme == "webcam":
            device = _device(rest)
            return cls("webcam", f"webcam:{device}", f"webcam {rest}", location=device)
        if scheme == "lavfi":
            if not rest.strip():
                raise AddressError("lavfi: names no graph; try lavfi:testsrc2")
            return cls("lavfi", f"lavfi:{rest}", f"lavfi:{rest.split('=')[0]}", location=rest)
        if "://" in text:
            raise AddressError(f"addresses of kind {scheme!r} are not opened; {_REMEDY}")
        if not realtime:
            raise AddressError(
                f"{text!r} is a path; pass realtime to play a file as if it were live"
            )
        path = Path(text).absolute()
        return cls("file", str(path), path.name, location=str(path))

    @classmethod
    def _of_network(cls, text: str) -> Self:
        """An address with a host."""
        parts, host, port = _split(text)
        shown_host = f"[{host}]" if ":" in host else host
        place = shown_host if port in (None, _PORTS[parts.scheme]) else f"{shown_host}:{port}"
        public = f"{parts.scheme}://{place}{parts.path}"
        kind = _KINDS[parts.scheme]
        if kind == "http" and parts.path.lower().endswith((".m3u8", ".m3u")):
            kind = "hls"  # a playlist names other addresses: only where the user named a playlist
        last = parts.path.rstrip("/").rpartition("/")[2]
        return cls(
            kind,
            public,
            name=f"{place}/{last}" if last else place,
            host=host,
            location=public + (f"?{parts.query}" if parts.query else ""),
            credentials=parse_user_part(parts.netloc.rpartition("@")[0]),
        )

    @property
    def identity(self) -> str:
        """What tells this source from others: its address without user, password and query."""
        return self.public

    @property
    def is_finite(self) -> bool:
        """Whether its end is an end, and not a fault."""
        return self.kind in ("file", "lavfi")

    @property
    def is_paced(self) -> bool:
        """Whether we read it at filming speed, because it would come faster."""
        return self.kind in ("file", "lavfi", "hls")

    def url(self, credentials: Credentials | None) -> str:
        """What FFmpeg opens, password included: only the child process may ever hold it."""
        if self.kind not in ("rtsp", "http", "hls") or credentials is None:
            return self.location
        scheme, _, rest = self.location.partition("://")
        return f"{scheme}://{credentials.for_url}{rest}"


def _split(text: str) -> tuple[SplitResult, str, int | None]:
    """The parts of an address, its host and its port, if they can be told for certain."""
    kind = text.partition(":")[0].lower()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or any(letter.isspace() or not letter.isprintable() for letter in text):
        # Without its cause: it quotes what may be part of a password.
        raise AddressError(f"a {kind} address has no usable host and port") from None
    if "@" in text and "@" not in parts.netloc:  # most likely a password with / in it
        raise AddressError(
            f"a {kind} address has @ behind its host; write / # ? @ as %2F %23 %3F %40"
        )
    return parts, host, port


def _device(text: str) -> str:
    if text.isdecimal() and len(text) < 4:
        return f"/dev/video{int(text)}"
    if text.startswith("/dev/"):
        return text
    raise AddressError(f"webcam:{text} names no camera; use webcam:0 or webcam:/dev/video0")
