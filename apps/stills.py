"""Saving the stills that an answer rests on, so that a person can look at them."""

from __future__ import annotations

import re
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
    wall_s: float | None = None


def still_name(recording_id: str, t_s: float, still: bytes) -> str:
    """File name of a still, such as ``3f9a12cd-0-01-15.04.jpg``: whose, and when to the hundredth.

    Those of one recording sort in time order within ten hours.
    """
    whose = re.sub("[^0-9A-Za-z]", "_", recording_id[:8])
    whole_s, hundredths = divmod(int(t_s * 100 + 1e-6), 100)
    clock = format_time(whole_s)
    clock = clock if clock.count(":") == 2 else f"0:{clock:0>5}"
    kind = ".png" if still.startswith(_PNG) else ".jpg"
    return f"{whose}-{clock.replace(':', '-')}.{hundredths:02}{kind}"


def save_stills(
    folder: Path, moments: Sequence[Moment], *, recording_id: str
) -> tuple[SavedMoment, ...]:
    """Write each moment's still into ``folder``. Raises ``StillError``.

    The same picture has the same name each time, so asking again adds no file; another picture
    never takes the place of one that is there.
    """
    saved = []
    try:
        if moments:
            # What a camera saw is nobody else's business.
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for moment in moments:
            path = _free_path(folder, still_name(recording_id, moment.t_s, moment.still), moment)
            path.write_bytes(moment.still)
            saved.append(SavedMoment(moment.t_s, moment.score, path, moment.wall_s))
    except OSError as error:
        raise StillError(
            f"cannot save stills in {str(folder)!r}: {(error.strerror or str(error)).lower()};"
            " pass --stills with a folder that can be written"
        ) from error
    return tuple(saved)


def _free_path(folder: Path, name: str, moment: Moment) -> Path:
    """``name``, or with a number behind it where another picture has that."""
    path = folder / name
    number = 1
    while path.exists() and path.read_bytes() != moment.still:
        number += 1
        path = folder / f"{Path(name).stem}-{number}{path.suffix}"
    return path
