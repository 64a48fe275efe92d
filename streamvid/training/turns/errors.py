"""What can go wrong while turns are made; each is a StreamvidError.

::

    TurnsError
    ├── CaptionsFolderError   the folder, or a line of its files, is not in the layout
    └── NoExamplesError       there is nothing to make turns from
"""

from streamvid.errors import StreamvidError


class TurnsError(StreamvidError):
    """Root of everything raised by this package."""


class CaptionsFolderError(TurnsError, ValueError):
    """The folder, or a line of one of its files, is not in the captions layout."""


class NoExamplesError(TurnsError, LookupError):
    """There is nothing to make turns from."""
