"""Claims: everything a yes/no question can be about, as a name that is balanced by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

Form = Literal["thing", "doing", "state", "colour", "wear", "count", "place"]


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """One statement that a picture makes true, false or neither. Made by ``claim`` only.

    ``parts`` fill the wording: thing: its phrases; doing, state: subject, doing; colour: owner's
    thing, colour; wear: subject, colour, garment; count: number, noun (as spoken); place: word.
    Equal claims are one object, so that sets of them compare identities: millions of hashes of
    their text were a third of the time it took to read the captions.
    """

    form: Form
    parts: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it is balanced by and shown as, such as ``a dog`` or ``the man: sitting``."""
        return self.parts[0] if self.form == "thing" else " ".join(self.parts)

    def __reduce__(self) -> tuple[Callable[..., Claim], tuple[str, ...]]:
        return claim, (self.form, *self.parts)


@cache
def claim(form: Form, *parts: str) -> Claim:
    """The one claim of this form and these parts."""
    return Claim(form, parts)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Of one picture (or caption): the claims its words make true, and those they make false."""

    true: frozenset[Claim]
    false: frozenset[Claim]
