"""What can go wrong in evaluation; each is a StreamvidError.

::

    EvaluationError
    └── QuestionFileError (ValueError)   a line of a question file is not in its layout
"""

from streamvid.errors import StreamvidError


class EvaluationError(StreamvidError):
    """Root of everything raised by this package."""


class QuestionFileError(EvaluationError, ValueError):
    """A file of questions, or a line of one, is not in its layout."""
