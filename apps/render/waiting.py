"""Words that stand on a terminal for as long as something takes that tells nothing of itself."""

from __future__ import annotations

from types import TracebackType
from typing import Self, TextIO

# What a terminal shows of a Ctrl-C pressed behind the words.
_ECHO_COLUMNS = len("^C")


class WaitingLine:
    """``words`` on ``stream`` until the block ends; nothing at all where that is no terminal.

    ``note`` writes a line that stays, above the words where they stand.
    """

    def __init__(self, stream: TextIO, words: str) -> None:
        self._stream = stream
        self._words = words
        self._stands = False

    def note(self, line: str) -> None:
        """Write ``line``, which stays."""
        stood = self._stands
        self._erase()
        self._write(line + "\n")
        if stood:
            self._show()

    def __enter__(self) -> Self:
        if self._stream.isatty():
            self._show()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._erase()

    def _show(self) -> None:
        self._write(self._words)
        self._stands = True

    def _erase(self) -> None:
        """With blanks, which every terminal knows."""
        if self._stands:
            self._write("\r" + " " * (len(self._words) + _ECHO_COLUMNS) + "\r")
            self._stands = False

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
