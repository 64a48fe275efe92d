"""What commands that watch live sources share: how much is kept, and who may see the source."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from apps.cli.options import Command
from apps.cli.sizes import Bytes
from apps.keeping import LEAST_BYTES, default_keep
from capture import Credentials
from streamvid.live import DiskRoom, Keep
from streamvid.live.sources import find_credentials


@dataclass(frozen=True, slots=True)
class LiveChoice:
    """``keep_bytes`` of a recording (``None``: the default) and a file of credentials."""

    keep_bytes: int | None
    credentials_file: Path | None

    def keep(self, room: DiskRoom, *, sources: int = 1) -> Keep:
        """What a recording may take; of the default, where ``sources`` are known to come."""
        if self.keep_bytes is not None:
            return Keep(self.keep_bytes)
        return default_keep(room, sources=sources)

    def credentials(self, host: str) -> Credentials | None:
        """User and password of ``host``, from the environment, else the file.

        Raises ``SourceRefusedError``.
        """
        return find_credentials(host, variables=os.environ, file=self.credentials_file)

    def named_credentials(self, host: str) -> Credentials | None:
        """Those of the file's entry that names ``host``, if any. Raises as ``credentials``."""
        return find_credentials(host, variables={}, file=self.credentials_file, named_only=True)


def live_options(function: Command) -> Command:
    """Add ``--keep`` and ``--credentials``; call ``function`` with ``live=LiveChoice``."""

    @click.option(
        "--keep",
        type=Bytes(),
        callback=_checked,
        metavar="SIZE",
        help="What a live recording may take on the disk, all its files together, 20MB or more; its"
        " oldest minutes go first. Default: what it takes already and a quarter of what is free,"
        " which all live sources of the program share; 50GB at most.",
    )
    @click.option(
        "--credentials",
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        metavar="FILE",
        help="Users and passwords of cameras, in netrc's format. Else they come from the address,"
        " or STREAMVID_SOURCE_USER and STREAMVID_SOURCE_PASSWORD.",
    )
    @functools.wraps(function)
    def command(*arguments: Any, keep: int | None, credentials: Path | None, **rest: Any) -> None:
        function(*arguments, live=LiveChoice(keep, credentials), **rest)

    return command


def _checked(_ctx: click.Context, param: click.Parameter, value: int | None) -> int | None:
    if value is not None and value < LEAST_BYTES:
        raise click.BadParameter(
            f"{value} bytes hold next to nothing; pass 20MB or more", param=param
        )
    return value
