"""What a server refuses, as errors of this side."""

from __future__ import annotations

from apps.errors import ServerRefusedError
from apps.server.protocol import ErrorRaised


def as_error(refused: ErrorRaised) -> ServerRefusedError:
    """``refused`` as whoever asked is told it."""
    return ServerRefusedError(refused.message, code=refused.code)
