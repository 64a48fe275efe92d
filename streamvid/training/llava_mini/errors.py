"""What can go wrong while a LLaVA-Mini is trained; each is a StreamvidError.

::

    LlavaMiniTrainingError
    ├── ExamplesError       the examples, or what they name, are not in LLaVA's layout
    ├── CourseError         a folder holds another course than the one that is asked for
    └── DivergedError       the loss is no number any more
"""

from streamvid.errors import StreamvidError


class LlavaMiniTrainingError(StreamvidError):
    """Root of everything raised by this package."""


class ExamplesError(LlavaMiniTrainingError, ValueError):
    """The examples, or a picture or video that they name, are not in LLaVA's layout."""


class CourseError(LlavaMiniTrainingError, ValueError):
    """A folder holds another course than the one that is asked for, or a broken one."""


class DivergedError(LlavaMiniTrainingError, ArithmeticError):
    """The loss is no number any more."""
