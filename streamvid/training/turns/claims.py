"""Claims: everything a yes/no question can be about, as a name that is balanced by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Form = Literal["thing", "doing", "state", "colour", "wear", "count", "place"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement that a picture makes true, false or neither.

    ``parts`` fill the wording: thing: its phrases; doing, state: subject, doing; colour: owner's
    thing, colour; wear: subject, colour, garment; count: number, noun (both as spoken); place: word.
    """

    form: Form
    parts: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it is balanced by and shown as, such as ``a dog`` or ``the man: sitting``."""
        return self.parts[0] if self.form == "thing" else " ".join(self.parts)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Of one picture (or caption): the claims its words make true, and those they make false."""

    true: frozenset[Claim]
    false: frozenset[Claim]
