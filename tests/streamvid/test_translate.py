from __future__ import annotations

import pytest

import capture
import memory
from streamvid import errors
from streamvid.model.errors import ContextFullError, PromptError, WeightsError
from streamvid.translate import translated


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (capture.OpenError("x"), errors.SourceRefusedError),
        (capture.PictureError("x"), errors.PictureRefusedError),
        (capture.StillError("x"), errors.RecordingError),
        (WeightsError("x"), errors.ModelLoadError),
        (PromptError("x"), errors.ModelFailedError),
        (ContextFullError("x"), errors.ModelFailedError),
        (capture.CaptureError("x"), errors.SourceRefusedError),
        (memory.SourceUnreadableError("x"), errors.SourceRefusedError),
        (memory.RecordingNotFoundError("x"), errors.RecordingNotFoundError),
        (memory.AmbiguousSourceError("x"), errors.RecordingNotFoundError),
        (memory.RecordingBusyError("x", pid=3), errors.RecordingBusyError),
        (memory.ModelMismatchError("x"), errors.ModelMismatchError),
        (memory.DiskFullError("x"), errors.StorageFullError),
        (memory.StorageDeniedError("x"), errors.RecordingError),
        (memory.CorruptRecordingError("x"), errors.RecordingError),
        (memory.RangeError("x"), errors.RangeError),
        (memory.CommitRefusedError("x"), errors.RecordingError),
    ],
)
def test_their_errors_leave_as_ours_with_their_words(
    theirs: Exception, ours: type[errors.StreamvidError]
) -> None:
    with pytest.raises(ours, match=r"^x$") as caught, translated():
        raise theirs
    assert type(caught.value) is ours
    assert caught.value.__cause__ is theirs


def test_other_errors_keep_their_traceback() -> None:
    with pytest.raises(ZeroDivisionError), translated():
        raise ZeroDivisionError


def test_every_error_of_theirs_has_one_of_ours() -> None:
    for package in (capture, memory):
        for name in package.__all__:
            kind = getattr(package, name)
            if isinstance(kind, type) and issubclass(kind, Exception):
                more = ("failed",) if kind is capture.SourceError else ()
                with pytest.raises(errors.StreamvidError), translated():
                    raise kind("why", *more)
