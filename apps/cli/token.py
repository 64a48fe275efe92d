"""``--token`` and ``--token-file``: a server's secret, which no list of processes should show."""

from __future__ import annotations

import functools
from pathlib import Path

import click

from apps.cli.options import Command
from apps.errors import SettingError

SHORTEST_CHARS = 16
VARIABLE = "STREAMVID_TOKEN"


def token_options(function: Command) -> Command:
    """Add both flags; call ``function`` with ``token``, or ``None``. Raises ``SettingError``."""

    @click.option(
        "--token",
        envvar=VARIABLE,
        show_envvar=True,
        metavar="TEXT",
        help="The server's secret; other users see it in the list of processes while this starts.",
    )
    @click.option(
        "--token-file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="A file whose first line is the secret.",
    )
    @functools.wraps(function)
    def command(token: str | None, token_file: Path | None, **rest: object) -> None:
        function(token=read_token(token, token_file), **rest)

    return command


def read_token(token: str | None, token_file: Path | None) -> str | None:
    """The secret itself; a file wins over the environment. Raises ``SettingError``."""
    if token_file is not None:
        try:
            lines = token_file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = (getattr(error, "strerror", None) or "no text").lower()
            raise SettingError(f"cannot read a token in {str(token_file)!r}: {reason}") from error
        token = lines[0].strip() if lines else ""
    if token is None:
        return None
    if len(token) < SHORTEST_CHARS or not (token.isascii() and token.isprintable()):
        raise SettingError(
            f"the token has {len(token)} characters; pass {SHORTEST_CHARS} or more, ASCII alone"
        )
    return token
