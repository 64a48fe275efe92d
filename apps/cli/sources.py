"""The video that a command is about, as it stands on the command line."""

from __future__ import annotations

import re
from pathlib import Path

import click

from apps.errors import AddressError, NoFileError

_LONGEST_SHOWN = 300
_ADDRESS = re.compile("([A-Za-z][A-Za-z0-9+.-]*)://")
_LIVE = re.compile("(rtsps?://|https?://|webcam:|lavfi:)", re.IGNORECASE)


class SourceText(click.ParamType[str]):
    """A file, a live source's address, or the name or first characters of a recording's id."""

    name = "source"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """The text; a misuse where it is empty. Raises ``AddressError``, ``NoFileError``."""
        text = str(value)
        if not text:
            self.fail("is empty; pass a file, or a recording's name or id", param, ctx)
        if is_live(text):
            return text  # what is remembered of it has its address
        _refuse_unknown_scheme(text)
        _refuse_hidden(text)
        return text


def existing_file(source: str) -> Path:
    """``source`` as a path where something is. Raises ``NoFileError``, ``AddressError``."""
    if is_live(source):
        raise AddressError("a live source has no end; `streamvid watch` watches it")
    _refuse_unknown_scheme(source)
    if not is_there(source):
        raise NoFileError(f"no file called {_short(source)!r}; pass a video file")
    return Path(source)


def _refuse_unknown_scheme(source: str) -> None:
    """Raises ``AddressError`` for an address of a kind that nobody reads."""
    address = _ADDRESS.match(source)
    if address and not is_there(source):
        # No more of it than this: addresses hold passwords.
        raise AddressError(
            f"addresses of kind {address[1]}:// are not read; pass a file, rtsp:// or http(s)://"
        )


def is_live(source: str) -> bool:
    """Whether it is the address of a live source, and no file has that name."""
    return bool(_LIVE.match(source)) and not is_there(source)


def _refuse_hidden(source: str) -> None:
    """Raises ``NoFileError`` where nobody can say whether there is a file."""
    try:
        Path(source).lstat()
    except PermissionError as error:
        raise NoFileError(f"no right to look for {source!r}; check its folder's rights") from error
    except (OSError, ValueError):  # as in is_there
        return


def is_there(source: str) -> bool:
    """Whether anything has that path, also where it may not be looked at."""
    try:
        Path(source).lstat()
    except PermissionError:
        return True
    except (OSError, ValueError):  # missing, too long, no name at all
        return False
    return True


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
