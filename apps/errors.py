"""Errors of the front ends, and the exit code of every error that a person can meet.

::

    AppError
    ├── SettingError (ValueError)     a flag, variable or file sets something that cannot be
    ├── TimeTextError (ValueError)    a time that is neither seconds nor m:ss nor h:mm:ss
    ├── ModelNameError (LookupError)  no model has that name
    ├── AddressError (ValueError)     an address, where only files are read
    ├── NothingSeenError              a question about a live source that shows nothing yet
    ├── NoFileError (LookupError)     a file to be watched is not there
    ├── StillError (OSError)          a still could not be saved
    ├── ListenError (OSError)         no server can listen at that address
    ├── ServerLostError (OSError)     a server cannot be reached, or went away
    ├── ServerRefusedError            a server refused, in the code of docs/protocol.md
    └── StoppedError                  Ctrl-C; says what is kept and how to go on

Exit codes: 0 done, 1 failed, 2 misuse, 3 the video cannot be watched, 4 no such file or recording
or it is busy, 5 the memory cannot be written or read, 6 the model is missing or not the
recording's, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

from streamvid import errors as core

FAILED = 1
MISUSE = 2
STOPPED = 130

_EXIT_CODES: tuple[tuple[type[Exception], int], ...] = (
    # Leaves before their roots: the first that fits wins.
    (core.SourceRefusedError, 3),
    (core.RecordingNotFoundError, 4),
    (core.RecordingBusyError, 4),
    (core.ModelMismatchError, 6),
    (core.SamplingMismatchError, MISUSE),
    (core.RecordingError, 5),
    (core.ModelLoadError, 6),
    (core.IngestInterruptedError, STOPPED),
    (core.RangeError, MISUSE),
    (core.EmptyQuestionError, MISUSE),
    (core.QuestionTooLongError, MISUSE),
)

_SERVER_EXIT_CODES = {
    "bad_value": MISUSE,
    "bad_range": MISUSE,
    "empty_question": MISUSE,
    "question_too_long": MISUSE,
    "no_source": 4,
    "not_remembered": 4,
    "model_mismatch": 6,
    "model_unavailable": 6,
}


class AppError(Exception):
    """Root of what the front ends themselves refuse, in one line for a person."""

    exit_code = FAILED


class SettingError(AppError, ValueError):
    """A setting has a value that cannot be; the message names where it was set."""

    exit_code = MISUSE


class TimeTextError(AppError, ValueError):
    """A time that cannot be read."""

    exit_code = MISUSE


class ModelNameError(AppError, LookupError):
    """No model has that name."""

    exit_code = MISUSE


class AddressError(AppError, ValueError):
    """An address of a video: only files are read."""

    exit_code = 3


class NothingSeenError(AppError):
    """A live source is asked about before anything of it was seen."""


class NoFileError(AppError, LookupError):
    """Nothing has the path of the file that is to be watched."""

    exit_code = 4


class StillError(AppError, OSError):
    """A still could not be saved; the answer itself was given."""

    exit_code = 5


class ListenError(AppError, OSError):
    """No server can listen there: the port is taken, the address is not this machine's."""


class ServerLostError(AppError, OSError):
    """A server cannot be reached, or the connection to it ended in the middle."""


class ServerRefusedError(AppError):
    """A server refused, in its own words; ``code`` is one of docs/protocol.md.

    ``param`` and ``limit_wall_s`` are those of its message.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "failed",
        param: str | None = None,
        limit_wall_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.param = param
        self.limit_wall_s = limit_wall_s
        self.exit_code = _SERVER_EXIT_CODES.get(code, FAILED)


class StoppedError(AppError):
    """Stopped by the user; what was committed is kept."""

    exit_code = STOPPED


def exit_code(error: Exception) -> int:
    """The exit code that ``error`` ends the program with, 1 to 130."""
    if isinstance(error, AppError):
        return error.exit_code
    for kind, code in _EXIT_CODES:
        if isinstance(error, kind):
            return code
    return FAILED
