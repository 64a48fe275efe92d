"""Addresses, credentials and probing of sources, for apps: capture's work in our errors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import capture
from capture import Address, Credentials, FileProbe, LiveSettings, SourceProbe
from streamvid.errors import SourceSilentError
from streamvid.translate import translated


def parse_address(text: str, *, realtime: bool = False) -> Address:
    """Take a source's address apart. Raises ``SourceRefusedError``."""
    with translated():
        return Address.parse(text, realtime=realtime)


def find_credentials(
    host: str, *, variables: Mapping[str, str], file: Path | None, named_only: bool = False
) -> Credentials | None:
    """User and password for ``host``. Raises ``SourceRefusedError`` where ``file`` is no use.

    ``named_only``: only where ``file`` names ``host``.
    """
    with translated():
        return capture.find_credentials(host, variables=variables, file=file, named_only=named_only)


def probe_live(
    address: Address, settings: LiveSettings, *, credentials: Credentials | None
) -> SourceProbe:
    """Watch a live source for some seconds and describe it.

    Raises ``SourceSilentError``, whose ``reason`` is a code, where nothing is seen.
    """
    with translated():
        try:
            return capture.probe_source(address, settings, credentials=credentials)
        except capture.SourceError as error:
            raise SourceSilentError(str(error), reason=error.reason) from error


def probe_file(path: Path) -> FileProbe:
    """Describe a file. Raises ``SourceRefusedError``."""
    with translated():
        return capture.probe_file(path)
