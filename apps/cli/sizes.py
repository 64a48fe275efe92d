"""Sizes in bytes on the command line."""

from __future__ import annotations

import re

import click

_UNITS = {
    "": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
    "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
}  # fmt: skip


class Bytes(click.ParamType[int]):
    """A size such as ``24GB`` or ``500MiB``."""

    name = "size"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Whole bytes."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]i?b)?\s*", str(value).lower())
        if not found or float(found[1]) <= 0:
            self.fail(f"{value!r} is no size; write 24GB or 500MiB", param, ctx)
        return round(float(found[1]) * _UNITS[found[2] or ""])
