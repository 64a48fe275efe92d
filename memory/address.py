"""What of a live source's address may be kept: neither user and password nor a query."""

from __future__ import annotations

import re

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.S)
_HOST = re.compile(r"(\[[0-9A-Fa-f:.%]*\]|[^:@\[\]]+)(:[0-9]*)?")


def public_address(text: str) -> str:
    """Return ``text`` without user, password, query and fragment, if it is an address.

    Scheme and host come out in lower case. What has no ``scheme://`` (a name, ``webcam:0``), and a
    ``file://`` address, stay as they are. Doing it twice is as good as once.
    """
    match = _SCHEME.fullmatch(text.strip())
    if match is None or match[1].lower() == "file":
        return text
    address = re.split("[?#]", match[2], maxsplit=1)[0]
    # as FFmpeg cuts it: what stands before the host ends at the last @ before the first /
    before, slash, path = address.partition("/")
    login, _, host = before.rpartition("@")
    if not _HOST.fullmatch(host) or (login and "@" in path):
        # an unescaped / in the password: it cannot connect, and nobody shall read it
        host, slash, path = address.rpartition("@")[2].partition("/")
    if not _HOST.fullmatch(host):
        return f"{match[1].lower()}://"
    return f"{match[1].lower()}://{host.lower()}{slash}{path}"
