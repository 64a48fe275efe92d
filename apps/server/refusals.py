"""What streamvid refuses, in the protocol's codes."""

from __future__ import annotations

from apps.server.protocol import ProtocolError
from streamvid import errors as core

_CODES: tuple[tuple[type[core.StreamvidError], str], ...] = (
    # Leaves before their roots: the first that fits wins.
    (core.RangeError, "bad_range"),
    (core.EmptyQuestionError, "empty_question"),
    (core.QuestionTooLongError, "question_too_long"),
    (core.EngineBusyError, "busy"),
    (core.EngineClosedError, "going_away"),
    (core.ModelLoadError, "model_unavailable"),
    (core.ModelMismatchError, "model_mismatch"),
    (core.RecordingNotFoundError, "not_remembered"),
    (core.SourceRefusedError, "cannot_open"),
)

_FIELDS = {"start_s": "start", "end_s": "end", "last_s": "last"}
"""Fields of a range that have another name on the wire."""


def as_refusal(error: core.StreamvidError, *, event_id: str | None = None) -> ProtocolError:
    """``error`` as a client is told it."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), "failed")
    refused = ProtocolError(code, " ".join(str(error).split())[:1000], event_id=event_id)
    if isinstance(error, core.RangeError):
        refused.limit_wall_s = error.limit_wall_s
        refused.param = error.field and _FIELDS.get(error.field, error.field)
    return refused
