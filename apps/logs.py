"""What the parts below log, made readable: lines on a terminal, JSON elsewhere; only on stderr."""

from __future__ import annotations

import json
import logging
from typing import TextIO

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def configure(stream: TextIO, *, verbose: bool) -> None:
    """Send warnings, and with ``verbose`` events, to ``stream``."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter() if stream.isatty() else JsonFormatter())
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, handlers=[handler], force=True
    )


def fields(record: logging.LogRecord) -> dict[str, object]:
    """The fields that the event was logged with (``extra``)."""
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


class LineFormatter(logging.Formatter):
    """One event a line: level, logger, event, ``name=value`` fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of ``record``."""
        words = [record.levelname.lower(), record.name, record.getMessage()]
        return " ".join(words + [f"{name}={value}" for name, value in fields(record).items()])


class JsonFormatter(logging.Formatter):
    """One event a line as a JSON object; fields that JSON does not know become texts."""

    def format(self, record: logging.LogRecord) -> str:
        """The document of ``record``."""
        document = {
            "wall_s": record.created,
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **fields(record),
        }
        return json.dumps(document, default=str)
