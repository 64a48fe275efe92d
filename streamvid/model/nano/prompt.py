"""The words around the view and the question, as token ids.

``<|im_start|>user⏎ INSTRUCTION | view | ⏎ QUESTION <|im_end|>⏎<|im_start|>assistant⏎``

Prefix head: markers and instruction. Prefix tail: the newline after the view. A question is cut
free of white space at its ends, so no merge can cross from the newline into it, and is tokenised
apart from the markers, with control tokens read as the characters that spell them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from streamvid.model.errors import PromptError, WeightsError

INSTRUCTION = (
    "Watch for people, animals, things, actions, places and colours, and say only what is there."
)
"""Twenty tokens for the fused text state to live in; trained with everything else."""


class Prompt:
    """Token ids of every part of the prompt. ``folder`` holds the tokenizer."""

    def __init__(self, folder: Path) -> None:
        # The bare tokenizer: transformers' own takes seconds to import and adds nothing here.
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        # A control token spelt in a question is read as the characters that spell it.
        self.tokenizer.encode_special_tokens = True
        self._start = self._marker("<|im_start|>")
        self.end = self._marker("<|im_end|>")
        newline = self._plain("\n")
        self.head = [self._start, *self._plain("user\n"), *self._plain(INSTRUCTION)]
        self.tail = newline
        self._answer = [self.end, *newline, self._start, *self._plain("assistant\n")]
        self._again = [self.end, *newline, self._start, *self._plain("user\n")]

    def question(self, text: str, *, follows: bool = False) -> list[int]:
        """Ids after the prefix up to where the answer begins. ``follows``: a further turn, so the
        end of the last answer comes first. Raises PromptError where nothing is asked."""
        stripped = text.strip()
        if not stripped:
            raise PromptError("the question is empty; ask something")
        opening = self._again if follows else []
        return [*opening, *self._plain(stripped), *self._answer]

    def answer(self, text: str) -> list[int]:
        """Ids of an answer with its end, as training shows them."""
        return [*self._plain(text), self.end]

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ``ids``, control tokens left out."""
        text: str = self.tokenizer.decode(list(ids), skip_special_tokens=True)
        return text

    def _plain(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def _marker(self, token: str) -> int:
        number: int | None = self.tokenizer.token_to_id(token)
        if number is None:
            raise WeightsError(f"the tokenizer lacks {token}; convert the language model again")
        return number
