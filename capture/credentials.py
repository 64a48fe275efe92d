"""Who may see a source: a user and a password that never show themselves.

They come from the address, else from variables handed in, else from a file in netrc's format. They
reach the child process over its pipe and FFmpeg in the address it opens, and nothing else.
"""

from __future__ import annotations

import netrc
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from capture.errors import CredentialsError

USER_VARIABLE = "STREAMVID_SOURCE_USER"
PASSWORD_VARIABLE = "STREAMVID_SOURCE_PASSWORD"
HIDDEN = "***"

_URL_USER = re.compile(r"(?<=://)[^/?#\s'\"]*@")
_URL_QUERY = re.compile(r"(://[^\s'\"?]*)\?[^\s'\"]*")


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """A user and a password; printing or logging the value shows neither."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials({HIDDEN})"

    @property
    def for_url(self) -> str:
        """``user:password@`` with every special character escaped."""
        return f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@"


def parse_user_part(text: str) -> Credentials | None:
    """Credentials of an address's ``user:password`` part, None where it is empty."""
    user, _, password = text.partition(":")
    return Credentials(unquote(user), unquote(password)) if text else None


def find_credentials(
    host: str,
    *,
    variables: Mapping[str, str] | None = None,
    file: Path | None = None,
    named_only: bool = False,
) -> Credentials | None:
    """Credentials for ``host`` from ``variables``, else from ``file`` (netrc's format).

    With ``named_only`` from an entry of ``file`` that names ``host``, and from nothing else: for a
    host that somebody else chose. Raises CredentialsError where the file cannot be read, others may
    read it, or it is malformed.
    """
    variables = variables or {}
    if variables.get(USER_VARIABLE) and not named_only:
        return Credentials(variables[USER_VARIABLE], variables.get(PASSWORD_VARIABLE, ""))
    if file is None:
        return None
    try:
        if file.stat().st_mode & 0o077:
            raise CredentialsError(f"others may read {str(file)!r}; run chmod 600 on it")
        entries = netrc.netrc(str(file))
    except OSError as error:
        if isinstance(error, CredentialsError):
            raise
        raise CredentialsError(f"cannot read credentials from {str(file)!r}") from error
    except netrc.NetrcParseError:
        # Without its cause: the parser quotes the line, and with it the password.
        raise CredentialsError(
            f"{str(file)!r} is malformed; write lines of: machine HOST login USER password WORD"
        ) from None
    if named_only and (host == "default" or host not in entries.hosts):
        return None  # netrc keeps the entry for all other hosts as one called "default"
    entry = entries.authenticators(host)
    return Credentials(entry[0] or "", entry[2] or "") if entry else None


def redact(text: str, credentials: Credentials | None = None) -> str:
    """``text`` as one line without user, password or query of any address in it."""
    text = _URL_QUERY.sub(r"\1", _URL_USER.sub("", " ".join(text.split())))
    if credentials is not None:
        for secret in (credentials.for_url[:-1], credentials.password, credentials.user):
            for form in (secret, quote(secret, safe="")):
                if len(form) > 2:  # a shorter one is part of ordinary words
                    text = text.replace(form, HIDDEN)
    return text
