"""Conversations as ids and labels, the way the reference trains on them.

Labels are -100 on all that is not an answer. Prompts are fused with the picture; answers are not:
they go into the language model as plain embeddings, and pre-fusion never sees them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streamvid.model.errors import PromptError
from streamvid.model.llava_mini.prompt import Prompt
from streamvid.model.llava_mini.reference_inputs import PLACEHOLDER_ID

IGNORE = -100


@dataclass(frozen=True, slots=True)
class Conversation:
    """``ids`` [T] with one placeholder; ``labels`` [T]: the ids of answers and their ends, else
    ``IGNORE``."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.ids.count(PLACEHOLDER_ID) != 1:
            raise PromptError(f"{self.ids.count(PLACEHOLDER_ID)} pictures; a conversation has one")

    @property
    def answer_tokens(self) -> int:
        """Tokens that are learnt."""
        return sum(label != IGNORE for label in self.labels)

    @property
    def fused_places(self) -> list[int]:
        """Where ids stand that pre-fusion reads: of prompts, above 0."""
        pairs = zip(self.ids, self.labels, strict=True)
        return [place for place, (one, label) in enumerate(pairs) if one > 0 and label == IGNORE]


def conversation(prompt: Prompt, turns: Sequence[tuple[str, str]]) -> Conversation:
    """Questions with their answers about one picture, in ``prompt``'s template.

    Each answer ends as a turn ends in the template, and the end is learnt too. Raises PromptError
    without a turn.
    """
    if not turns:
        raise PromptError("a conversation needs a question and its answer")
    ids = [*prompt.head, PLACEHOLDER_ID, *prompt.tail]
    labels = [IGNORE] * len(ids)
    end = prompt.answer_end
    for number, (question, answer) in enumerate(turns):
        asked = prompt.question(question, follows=number > 0)
        if number > 0 and tuple(asked[: len(end)]) == end:
            asked = asked[len(end) :]  # it stands behind the answer before already
        said = [*prompt.answer(answer), *end]
        ids += [*asked, *said]
        labels += [IGNORE] * len(asked) + said
    return Conversation(tuple(ids), tuple(labels))
