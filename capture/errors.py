"""What can go wrong in capture.

::

    CaptureError                      every error of this layer; one line, lower-case
    ├── SettingsError (ValueError)    a setting is out of its range
    ├── OpenError (OSError)           the path cannot be read: missing, directory, empty, permission
    ├── NotVideoError (ValueError)    the bytes are no video we open: text, playlist, audio, unknown
    ├── TooLargeError (ValueError)    pictures beyond ``Settings.max_frame_px``
    ├── UndecodableError (ValueError) a video stream without one decodable picture
    ├── NotSeekableError (ValueError) stretches asked of a file that must be decoded in one go
    ├── SourceClosedError (ValueError) the source was closed before this call
    ├── StillError (ValueError)       a still's bytes or pixels cannot be coded
    ├── PictureError (ValueError)     bytes that somebody sent are no JPEG that we take
    ├── AddressError (ValueError)     a live source's address cannot be understood
    ├── CredentialsError (OSError)    the file that should hold credentials cannot be used
    └── SourceError (OSError)         a live source shows nothing; ``reason`` is a code
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capture.source_status import SourceReason


class CaptureError(Exception):
    """Root of this layer's errors; its text is one line that names what, where and what to do."""


class SettingsError(CaptureError, ValueError):
    """A setting is out of its range."""


class OpenError(CaptureError, OSError):
    """The path cannot be read at all."""


class NotVideoError(CaptureError, ValueError):
    """The file was read and holds no video that we open."""


class TooLargeError(CaptureError, ValueError):
    """The pictures have more pixels than the settings allow."""


class UndecodableError(CaptureError, ValueError):
    """There is a video stream, but not one picture of it can be decoded."""


class NotSeekableError(CaptureError, ValueError):
    """Stretches of this file cannot be decoded apart; read it in one pass."""


class SourceClosedError(CaptureError, ValueError):
    """The source was closed."""


class StillError(CaptureError, ValueError):
    """A still cannot be encoded or decoded."""


class PictureError(CaptureError, ValueError):
    """What was sent as a picture is no whole JPEG, or too large."""


class AddressError(CaptureError, ValueError):
    """A live source's address cannot be understood."""


class CredentialsError(CaptureError, OSError):
    """The file that should hold credentials cannot be used."""


class SourceError(CaptureError, OSError):
    """A live source shows nothing, and ``reason`` says why in a word or two."""

    def __init__(self, message: str, reason: SourceReason) -> None:
        super().__init__(message)
        self.reason: SourceReason = reason
