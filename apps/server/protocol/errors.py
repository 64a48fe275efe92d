"""What is wrong with a message, for whoever sent it; and which troubles may pass by themselves."""

from __future__ import annotations

RETRYABLE = frozenset(
    {
        "busy",
        "going_away",
        "not_remembered",
        "rate_limited",
        "response_in_progress",
        "too_many_responses",
    }
)
"""Codes after which the same message may succeed later."""


class ProtocolError(Exception):
    """A message that is none, or asks for what cannot be; the session lives on.

    ``code`` is one of docs/protocol.md; ``param`` names the field at fault
    (``item.content.0.text``) and ``event_id`` the message, where either can be told.
    ``limit_wall_s`` is what a time by the wall clock may reach to that lies outside a recording.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        param: str | None = None,
        event_id: str | None = None,
        limit_wall_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param
        self.event_id = event_id
        self.limit_wall_s = limit_wall_s

    @property
    def retryable(self) -> bool:
        """Whether the same message may succeed later."""
        return self.code in RETRYABLE
