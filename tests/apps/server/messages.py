"""Every message there can be, for property tests: drawn from the same annotations that are read."""

from __future__ import annotations

import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from typing import Annotated, Any, Literal, Union

from hypothesis import strategies as st

from apps.server.protocol.bounds import Between, Chars, Count
from apps.server.protocol.schema import hints_of


def values_of(kind: type) -> st.SearchStrategy[Any]:
    """Values of a message class, within its fields' bounds."""
    hints = hints_of(kind)
    return st.builds(
        kind,
        **{
            entry.name: _values(hints[entry.name])
            for entry in fields(kind)
            if entry.default is MISSING or entry.default is None or entry.init
        },
    )


def _values(hint: Any) -> st.SearchStrategy[Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return _bounded(arguments[0], arguments[1])
    if origin in (Union, types.UnionType):
        return st.one_of(*(st.none() if a is type(None) else _values(a) for a in arguments))
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        return st.lists(_values(arguments[0]), max_size=3).map(tuple)
    if is_dataclass(hint):
        return values_of(hint)
    return {
        str: st.text(max_size=20),
        bool: st.booleans(),
        int: st.integers(),
        float: st.floats(allow_nan=False, allow_infinity=False),
    }[hint]


def _bounded(base: Any, bound: Chars | Between | Count) -> st.SearchStrategy[Any]:
    if isinstance(bound, Count):
        (entry, _) = typing.get_args(base)
        return st.lists(_values(entry), min_size=bound.least, max_size=bound.most).map(tuple)
    if isinstance(bound, Between):
        if base is int:
            return st.integers(int(bound.least), int(bound.most))
        return st.floats(bound.least, bound.most)
    if bound.pattern is not None:
        return st.from_regex(bound.pattern, fullmatch=True).filter(lambda t: len(t) <= bound.most)
    return st.text(min_size=bound.least, max_size=min(bound.most, 50))
