"""Every error that memory raises.

TokenMemoryError
├── SourceUnreadableError (OSError)        a video file cannot be read, so it has no identity
├── RecordingNotFoundError (LookupError)   no recording goes by that path, name or id
├── AmbiguousSourceError (LookupError)     several do
├── RecordingExistsError (ValueError)      that id has a recording already
├── RecordingBusyError (OSError)           another process ingests, or holds the database too long
├── ModelMismatchError (ValueError)        stored numbers are another model's
├── StillMissingError (LookupError)        a frame has no still to be encoded anew from
├── CommitRefusedError (ValueError)        rows of a wrong shape, out of order, or settled already
├── RangeError (ValueError)                a range, count or view size that cannot be
└── StorageError (OSError)                 the disk or the file is at fault
    ├── DiskFullError                      no space; what was committed is there
    ├── StorageDeniedError                 no right to write, or to read
    ├── CorruptRecordingError              damaged, or not a recording at all
    └── SchemaTooNewError                  written by a later streamvid
"""

from __future__ import annotations


class TokenMemoryError(Exception):
    """Root of what memory raises: one line that says what, where and what to do."""


class SourceUnreadableError(TokenMemoryError, OSError):
    """A video file cannot be opened or read."""


class RecordingNotFoundError(TokenMemoryError, LookupError):
    """No recording goes by that path, name or id."""


class AmbiguousSourceError(TokenMemoryError, LookupError):
    """More than one recording goes by that name or id prefix."""


class RecordingExistsError(TokenMemoryError, ValueError):
    """A recording with that id was there before."""


class RecordingBusyError(TokenMemoryError, OSError):
    """Another process holds it; ``pid`` says which, where that is known."""

    def __init__(self, message: str, *, pid: int | None = None) -> None:
        super().__init__(message)
        self.pid = pid


class ModelMismatchError(TokenMemoryError, ValueError):
    """The recording's stored numbers come from another model."""


class StillMissingError(TokenMemoryError, LookupError):
    """Frames have no still any more, so that no other model can encode them."""


class CommitRefusedError(TokenMemoryError, ValueError):
    """Rows that would make the recording inconsistent; nothing of them was stored."""


class RangeError(TokenMemoryError, ValueError):
    """A range of time, a count or a view size that cannot be."""


class StorageError(TokenMemoryError, OSError):
    """The disk or the database file is at fault; what was committed stays."""


class DiskFullError(StorageError):
    """No space left; nothing of the refused commit was stored, all before it was."""


class StorageDeniedError(StorageError):
    """The folder or the file may not be written, or not be read."""


class CorruptRecordingError(StorageError):
    """The database is damaged or was not written by streamvid."""


class SchemaTooNewError(StorageError):
    """The database was written by a later version of streamvid."""
