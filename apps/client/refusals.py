"""What a server refuses, as errors of this side."""

from __future__ import annotations

from apps.errors import ServerRefusedError
from apps.server.protocol import ErrorRaised, ResponseCreate
from streamvid.answer import TimeRange, outside_words


def as_error(refused: ErrorRaised) -> ServerRefusedError:
    """``refused`` as whoever asked is told it."""
    return ServerRefusedError(
        refused.message,
        code=refused.code,
        param=refused.param,
        limit_wall_s=refused.limit_wall_s,
    )


def told_here(error: ServerRefusedError, asked: ResponseCreate | TimeRange) -> ServerRefusedError:
    """``error`` with times told by the clock here, where the server told them by its own."""
    if error.param not in ("start_wall_s", "end_wall_s") or error.limit_wall_s is None:
        return error
    asked_wall_s: float | None = getattr(asked, error.param)
    if asked_wall_s is None:  # a server that names what was not asked
        return error
    return ServerRefusedError(
        outside_words(error.param, asked_wall_s, error.limit_wall_s),
        code=error.code,
        param=error.param,
        limit_wall_s=error.limit_wall_s,
    )
