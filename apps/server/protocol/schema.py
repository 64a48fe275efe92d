"""Messages and JSON documents, both ways: the dataclasses' annotations are the whole grammar.

A message is a frozen dataclass with a class variable ``type``. Fields may be texts, numbers, true
or false, one of some words, lists, other dataclasses, or any of them or nothing.
"""

from __future__ import annotations

import functools
import math
import types
import typing
from collections.abc import Hashable
from dataclasses import MISSING, fields, is_dataclass
from typing import Annotated, Any, Literal, TypeVar, Union, cast

from apps.server.protocol.bounds import OutOfBoundsError, shown
from apps.server.protocol.errors import ProtocolError

T = TypeVar("T")


def read(kind: type[T], document: object, *, at: str = "", strict: bool) -> T:
    """The value of ``kind`` that ``document`` describes. Raises ``ProtocolError``.

    ``at`` is where it stands in the message. With ``strict``, fields that ``kind`` does not have
    are refused; without, they are passed over, so that a server may say more than a client knows.
    """
    if not isinstance(document, dict):
        raise _bad(at, f"is {shown(document)}; pass an object")
    hints = hints_of(cast("Any", kind))
    unknown = [name for name in document if name not in hints]
    if strict and unknown:
        where = _below(at, str(unknown[0]))
        known = ", ".join(hints)
        raise ProtocolError(
            "unknown_field", f"no field {shown(where)} here; there are {known}", param=where[:200]
        )
    values: dict[str, Any] = {}
    for entry in fields(kind):  # type: ignore[arg-type]  # every kind is a dataclass
        where = _below(at, entry.name)
        value = document.get(entry.name)
        if value is not None:
            values[entry.name] = _value(hints[entry.name], value, where, strict)
        elif entry.default is MISSING:
            raise ProtocolError("missing_field", f"{where} is missing; pass it", param=where)
    return kind(**values)


def document_of(value: Any) -> dict[str, Any]:
    """The JSON document of a value: without fields that hold nothing."""
    return {
        entry.name: _plain(held)
        for entry in fields(value)
        if (held := getattr(value, entry.name)) is not None
    }


@functools.cache
def hints_of(kind: Hashable) -> dict[str, Any]:
    """The annotations of ``kind``'s fields, bounds included, in order."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {entry.name: hints[entry.name] for entry in fields(cast("Any", kind))}


def _value(hint: Any, value: object, at: str, strict: bool) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        result = _value(arguments[0], value, at, strict)
        for bound in arguments[1:]:
            try:
                bound.check(result)
            except OutOfBoundsError as error:
                raise _bad(at, str(error)) from None
        return float(result) if arguments[0] is float else result
    if origin in (Union, types.UnionType):
        (only,) = (argument for argument in arguments if argument is not type(None))
        return _value(only, value, at, strict)
    if origin is Literal:
        if isinstance(value, str) and value in arguments:
            return value
        raise _bad(at, f"is {shown(value)}; pass {' or '.join(map(str, arguments))}")
    if origin is tuple:
        if not isinstance(value, list):
            raise _bad(at, f"is {shown(value)}; pass a list")
        return tuple(
            _value(arguments[0], entry, _below(at, str(place)), strict)
            for place, entry in enumerate(value)
        )
    if is_dataclass(hint) and isinstance(hint, type):
        return read(hint, value, at=at, strict=strict)
    return _scalar(hint, value, at)


_WANTED = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}


def _scalar(hint: Any, value: object, at: str) -> Any:
    # A truth is a whole number to Python, and none to anybody else.
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if hint is float and number and (isinstance(value, int) or math.isfinite(value)):  # type: ignore[arg-type]  # number
        return value
    if hint is not float and type(value) is hint:
        return value
    raise _bad(at, f"is {shown(value)}; pass {_WANTED[hint]}")


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return document_of(value)
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    return value


def _below(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def _bad(at: str, message: str) -> ProtocolError:
    return ProtocolError("bad_value", f"{at or 'message'} {message}", param=at or None)
