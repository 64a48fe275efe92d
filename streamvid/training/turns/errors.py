"""What can go wrong while turns are made.

TurnsError
├── CaptionsFolderError   the folder, or a line of one of its files, is not in the captions layout
└── NoExamplesError       there is nothing to make turns from
"""


class TurnsError(Exception):
    """Root of everything raised by this package."""


class CaptionsFolderError(TurnsError, ValueError):
    """The folder, or a line of one of its files, is not in the captions layout."""


class NoExamplesError(TurnsError, LookupError):
    """There is nothing to make turns from."""
