"""From a text message to a value and back; knows no socket and no clock."""

from __future__ import annotations

import json
import typing
from typing import Any, NoReturn, cast

from apps.server.protocol.bounds import Chars, OutOfBoundsError, shown
from apps.server.protocol.client import ClientMessage
from apps.server.protocol.errors import ProtocolError
from apps.server.protocol.schema import document_of, read
from apps.server.protocol.server import ServerMessage

CLIENT_TYPES: dict[str, type[ClientMessage]] = {
    kind.type: kind for kind in typing.get_args(ClientMessage)
}
SERVER_TYPES: dict[str, type[ServerMessage]] = {
    kind.type: kind for kind in typing.get_args(ServerMessage)
}


def parse_client(text: str) -> ClientMessage:
    """The client's message that ``text`` is; unknown fields are refused.

    Raises ``ProtocolError``, with the message's ``event_id`` where it has one.
    """
    document = _object(text)
    event_id = document.get("event_id")
    try:
        kind = _kind(document, CLIENT_TYPES)
        return cast("ClientMessage", read(kind, _rest(document), strict=True))
    except ProtocolError as error:
        if isinstance(event_id, str) and error.param != "event_id" and _is_id(event_id):
            error.event_id = event_id
        raise


def parse_server(text: str) -> ServerMessage:
    """The server's message that ``text`` is; unknown fields are passed over.

    Raises ``ProtocolError``, with code ``unknown_type`` for a message of a later server.
    """
    document = _object(text)
    kind = _kind(document, SERVER_TYPES)
    return cast("ServerMessage", read(kind, _rest(document), strict=False))


def text_of(message: ClientMessage | ServerMessage) -> str:
    """``message`` as it goes over the wire, in ASCII."""
    return json.dumps({"type": message.type, **document_of(message)}, separators=(",", ":"))


def _object(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_constant)
    except ProtocolError:
        raise
    except (ValueError, RecursionError) as error:
        where = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise ProtocolError("not_json", f"message is no JSON{where}; send one object") from None
    if not isinstance(document, dict):
        raise ProtocolError("not_json", f"message is {shown(document)}; send one object")
    return document


def _kind(document: dict[str, Any], kinds: dict[str, Any]) -> Any:
    name = document.get("type")
    if name is None:
        raise ProtocolError("missing_field", "type is missing; pass it", param="type")
    if not isinstance(name, str) or name not in kinds:
        raise ProtocolError(
            "unknown_type", f"type is {shown(name)}; pass {', '.join(kinds)}", param="type"
        )
    return kinds[name]


def _rest(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "type"}


def _is_id(text: str) -> bool:
    try:
        Chars(1, 64).check(text)
    except OutOfBoundsError:
        return False
    return True


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ProtocolError(
            "not_json", f"{shown(twice)} stands twice in an object", param=twice[:200]
        )
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
