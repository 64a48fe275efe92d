"""Which addresses a client may add: patterns for addresses, one folder for files.

Patterns are matched part by part, so that ``rtsp://cam-*.lan/*`` does not take
``rtsp://cam-x@elsewhere.org/a.lan/b``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import unquote, urlsplit

from apps.server.protocol import ProtocolError

_SCHEME = re.compile("[A-Za-z][A-Za-z0-9+.-]*:")
_READS_FILES = ("file:", "lavfi:")
"""Whoever names one names files: a graph of FFmpeg's filters may read any."""
_PLAYLISTS = (".m3u8", ".m3u")
"""What they name is opened, wherever it lies: only a pattern that says so takes one."""
_ODD = re.compile(r"[\x00-\x20\x7f\\]")


@dataclass(frozen=True, slots=True)
class Admission:
    """``patterns`` of addresses and the folder of files that clients may add; nothing else."""

    patterns: tuple[str, ...] = ()
    media_root: Path | None = None

    def permitted(self, address: str) -> str:
        """``address`` as it may be opened: of a file, its real path.

        Raises ``ProtocolError``; what it says is the same for a file that is missing and one that
        lies outside, so that nobody learns what is where.
        """
        if _SCHEME.match(address):
            if any(matches(address, pattern) for pattern in self.patterns):
                return address
            raise _refused("no --allow-source pattern takes this address")
        if self.media_root is None:
            raise _refused("no files can be added here; the server has no --media-root")
        found = real_file(self.media_root, address)
        if found is None:
            raise _refused("there is no such file below the server's --media-root")
        return str(found)


def matches(address: str, pattern: str) -> bool:
    """Whether ``pattern`` allows ``address``; both with their scheme.

    ``*`` and ``?`` stand for parts of the host and of the path, never for a scheme, a port or the
    end of a playlist's name. User and password may be there whatever the pattern says.
    """
    if _ODD.search(address):
        return False
    try:
        asked, allowed = urlsplit(address), urlsplit(pattern)
        port, allowed_port = asked.port, allowed.port
    except ValueError:
        return False
    if asked.scheme.lower() != allowed.scheme.lower() or f"{asked.scheme.lower()}:" in _READS_FILES:
        return False
    if not asked.netloc and not allowed.netloc:  # webcam:0, push:
        return fnmatchcase(asked.path, allowed.path)
    if asked.path.lower().endswith(_PLAYLISTS) and not allowed.path.lower().endswith(_PLAYLISTS):
        return False
    path = unquote(asked.path)
    if ".." in path.split("/") or "%" in path:  # encoded twice
        return False
    return (
        bool(asked.hostname)
        and fnmatchcase(asked.hostname or "", (allowed.hostname or "").lower())
        and port == allowed_port
        and fnmatchcase(_whole(path, asked.query), _whole(allowed.path, allowed.query))
    )


def real_file(root: Path, address: str) -> Path | None:
    """The real path of a file below ``root``; ``None`` where ``..`` or a link leads outside."""
    given = Path(address)
    if "\x00" in address or given.is_absolute() or ".." in given.parts:
        return None
    try:
        inside = root.resolve(strict=True)
        found = (inside / given).resolve(strict=True)
        return found if found.is_relative_to(inside) and found.is_file() else None
    except (OSError, ValueError, RuntimeError):  # missing, too long, a loop of links
        return None


def checked_patterns(patterns: Sequence[str]) -> tuple[str, ...]:
    """``patterns``, each with a scheme. Raises ``ValueError`` that says which has none."""
    for pattern in patterns:
        if not _SCHEME.match(pattern) or pattern.lower().startswith(_READS_FILES):
            raise ValueError(
                f"pattern {pattern!r} names no scheme of a live source; write rtsp://HOST/PATH"
            )
    return tuple(patterns)


def _whole(path: str, query: str) -> str:
    return (path or "/") + (f"?{query}" if query else "")


def _refused(why: str) -> ProtocolError:
    return ProtocolError("not_allowed", why, param="address")
