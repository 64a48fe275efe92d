"""What is sent of a source over HTTP, and what a browser is told of how long to keep it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field

from streamvid.session import Still, Timeline

_PNG = b"\x89PNG\r\n\x1a\n"
_KEPT_S = 86_400
_ASK_AGAIN = "no-cache"


@dataclass(frozen=True, slots=True)
class Document:
    """A body with its headers; ``tag`` is the entity tag among them."""

    body: bytes = field(repr=False)
    media_type: str
    tag: str
    headers: dict[str, str]


def picture_document(still: Still, t_s: float | None) -> Document:
    """The picture that was found for ``t_s`` (``None``: the newest).

    A browser may keep it a day where it is settled, else it asks again. A frame's own time always
    leads to that frame, unless it is a preview; any other time to one that may still come nearer.
    """
    settled = t_s is not None and not still.preview and abs(still.t_s - t_s) < 1e-6
    kept = f"private, max-age={_KEPT_S}, immutable" if settled else _ASK_AGAIN
    media_type = "image/png" if still.picture.startswith(_PNG) else "image/jpeg"
    return _document(still.picture, media_type, kept, {"X-Frame-Time": repr(still.t_s)})


def timeline_document(source: str, timeline: Timeline) -> Document:
    """``timeline`` as JSON, which a browser asks for again."""
    told = {"source": source, **asdict(timeline)}
    text = json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _document(text.encode(), "application/json", _ASK_AGAIN, {})


def _document(body: bytes, media_type: str, kept: str, more: dict[str, str]) -> Document:
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return Document(body, media_type, tag, {"ETag": tag, "Cache-Control": kept, **more})
