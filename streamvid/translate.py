"""Errors of capture and memory in this layer's words; their messages are kept as they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import capture
import memory
from streamvid.errors import (
    ModelMismatchError,
    RangeError,
    RecordingBusyError,
    RecordingError,
    RecordingNotFoundError,
    SourceRefusedError,
    StorageFullError,
    StreamvidError,
)

_OURS: tuple[tuple[type[Exception], type[StreamvidError]], ...] = (
    (capture.CaptureError, SourceRefusedError),
    (memory.SourceUnreadableError, SourceRefusedError),
    (memory.RecordingNotFoundError, RecordingNotFoundError),
    (memory.AmbiguousSourceError, RecordingNotFoundError),
    (memory.RecordingBusyError, RecordingBusyError),
    (memory.ModelMismatchError, ModelMismatchError),
    (memory.DiskFullError, StorageFullError),
    (memory.RangeError, RangeError),
    (memory.TokenMemoryError, RecordingError),
)
"""First match wins, so leaves stand before their roots."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise this layer's error in place of capture's or memory's, from it."""
    try:
        yield
    except (capture.CaptureError, memory.TokenMemoryError) as error:
        for theirs, ours in _OURS:
            if isinstance(error, theirs):
                raise ours(str(error)) from error
        raise
