"""Errors of the streamvid layer; each message is one line that says what to do.

::

    StreamvidError
    ├── EngineError
    │   ├── EngineClosedError
    │   ├── EngineBusyError
    │   ├── JobDroppedError
    │   ├── ModelLoadError
    │   └── ModelFailedError                 the model refused or failed at a job
    ├── SourceRefusedError (ValueError)      a file that capture will not or cannot open
    │   └── SourceSilentError                nothing is seen of a live source
    ├── PictureRefusedError (ValueError)     bytes that were pushed as a picture and are none
    ├── RecordingError                       whatever the memory refuses: disk, damage, model
    │   ├── RecordingNotFoundError (LookupError)
    │   ├── RecordingBusyError               another process ingests it
    │   ├── ModelMismatchError               made by another model: ``reencode``
    │   ├── SamplingMismatchError            its frames were chosen otherwise: ``remove``
    │   ├── StillMissingError (LookupError)  stills are gone that ``reencode`` needs
    │   └── StorageFullError (OSError)
    ├── IngestInterruptedError               stopped on request; what was ingested is kept
    └── AnswerError
        ├── EmptyQuestionError (ValueError)
        ├── QuestionTooLongError (ValueError)
        └── RangeError (ValueError)

Errors of capture, memory and models never leave this layer as they are: ``Session`` turns them into
the leaves above, so that an app needs to know one root.
"""

from __future__ import annotations


class StreamvidError(Exception):
    """Root of everything that streamvid refuses or fails at, in one line for a person."""


class EngineError(StreamvidError):
    """The worker that owns the model could not do a job."""


class EngineClosedError(EngineError):
    """The engine is shutting down or shut."""


class EngineBusyError(EngineError):
    """More questions wait than the engine takes."""


class JobDroppedError(EngineError):
    """A live frame grew too old in a full queue and was dropped, counted."""


class ModelLoadError(EngineError):
    """The model could not be loaded."""


class ModelFailedError(EngineError):
    """The model refused a job or failed at it."""


class SourceRefusedError(StreamvidError, ValueError):
    """The source is no video that can be watched."""


class PictureRefusedError(StreamvidError, ValueError):
    """What was pushed as a picture is no JPEG that we take."""


class SourceSilentError(SourceRefusedError):
    """Nothing is seen of a live source; ``reason`` is a code."""

    def __init__(self, message: str, *, reason: str = "failed") -> None:
        super().__init__(message)
        self.reason = reason


class RecordingError(StreamvidError):
    """A recording could not be read or written."""


class RecordingNotFoundError(RecordingError, LookupError):
    """No recording has that path, name or id."""


class RecordingBusyError(RecordingError):
    """Another process ingests the recording."""


class ModelMismatchError(RecordingError):
    """The recording was made by another model."""


class SamplingMismatchError(RecordingError):
    """The recording's frames were chosen in another way than is asked for."""


class StillMissingError(RecordingError, LookupError):
    """Frames have no still any more, so another model cannot encode them."""


class StorageFullError(RecordingError, OSError):
    """No space left; what was committed before stays readable."""


class IngestInterruptedError(StreamvidError):
    """The ingest was stopped on request; what was committed is kept."""


class AnswerError(StreamvidError):
    """A question cannot be answered as it was put."""


class EmptyQuestionError(AnswerError, ValueError):
    """There is no question."""


class QuestionTooLongError(AnswerError, ValueError):
    """The question leaves no room for a single frame."""


class RangeError(AnswerError, ValueError):
    """The time range is empty or lies outside the recording.

    ``field`` is the field of ``TimeRange`` at fault, where one is. Where that says a time by the
    wall clock, outside the recording, ``limit_wall_s`` is what it may reach to, in POSIX seconds.
    """

    def __init__(
        self, message: str, *, field: str | None = None, limit_wall_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.field = field
        self.limit_wall_s = limit_wall_s
