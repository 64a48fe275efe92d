"""Saving the stills that an answer rests on, so that a person can look at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from apps.errors import StillError
from apps.times import format_time
from streamvid.answer import Moment

_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class SavedMoment:
    """A moment and the file its still was saved as."""

    t_s: float
    score: float
    still: Path


def still_name(t_s: float, still: bytes) -> str:
    """File name of a still, such as ``0-01-15.jpg``; sorts in time order within ten hours."""
    clock = format_time(t_s)
    clock = clock if clock.count(":") == 2 else f"0:{clock:0>5}"
    return clock.replace(":", "-") + (".png" if still.startswith(_PNG) else ".jpg")


def save_stills(folder: Path, moments: Sequence[Moment]) -> tuple[SavedMoment, ...]:
    """Write each moment's still into ``folder``. Raises ``StillError``.

    The same moment has the same name each time, so asking again adds no file.
    """
    saved = []
    try:
        if moments:
            # What a camera saw is nobody else's business.
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for moment in moments:
            path = folder / still_name(moment.t_s, moment.still)
            path.write_bytes(moment.still)
            saved.append(SavedMoment(moment.t_s, moment.score, path))
    except OSError as error:
        raise StillError(
            f"cannot save stills in {str(folder)!r}: {(error.strerror or str(error)).lower()};"
            " pass --stills with a folder that can be written"
        ) from error
    return tuple(saved)
