"""Errors of capture, memory and models in this layer's words; what they say is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import capture
import memory
from streamvid.errors import (
    ModelFailedError,
    ModelLoadError,
    ModelMismatchError,
    PictureRefusedError,
    RangeError,
    RecordingBusyError,
    RecordingError,
    RecordingNotFoundError,
    SourceRefusedError,
    StillMissingError,
    StorageFullError,
    StreamvidError,
)
from streamvid.model.errors import ModelError, WeightsError

_OURS: tuple[tuple[type[Exception], type[StreamvidError]], ...] = (
    (capture.PictureError, PictureRefusedError),
    (capture.StillError, RecordingError),
    (capture.CaptureError, SourceRefusedError),
    (memory.SourceUnreadableError, SourceRefusedError),
    (memory.RecordingNotFoundError, RecordingNotFoundError),
    (memory.AmbiguousSourceError, RecordingNotFoundError),
    (memory.RecordingBusyError, RecordingBusyError),
    (memory.ModelMismatchError, ModelMismatchError),
    (memory.StillMissingError, StillMissingError),
    (memory.DiskFullError, StorageFullError),
    (memory.RangeError, RangeError),
    (memory.TokenMemoryError, RecordingError),
    (WeightsError, ModelLoadError),
    (ModelError, ModelFailedError),
)
"""First match wins, so leaves stand before their roots."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise this layer's error in place of capture's, memory's or a model's, from it."""
    try:
        yield
    except (capture.CaptureError, memory.TokenMemoryError, ModelError) as error:
        for theirs, ours in _OURS:
            if isinstance(error, theirs):
                raise ours(str(error)) from error
        raise
