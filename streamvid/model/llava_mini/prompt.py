"""A checkpoint's prompts as ids: the reference's, and the same ones cut for streaming.

Streaming needs a *prefix* that no question changes: its head stands before the view, its tail after
it. What a user types never turns into a control token there; in the reference's own way it does.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from streamvid.model.errors import PromptError, WeightsError
from streamvid.model.llava_mini.reference_inputs import PLACEHOLDER_ID
from streamvid.model.llava_mini.templates import (
    OWN_TEMPLATE,
    PLACEHOLDER,
    TEMPLATES,
    Messages,
    Template,
    own_template,
)

_PROBES = ("What", "a", "Z", "1", "?", "(", '"', "é", "中", "🐶", "-", "...", "the dog")
"""First letters of questions, so different that what all of them share no question changes."""


_END_OF_TURN = ("<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|im_end|>", "</s>")


class Prompt:
    """Prompts of one tokenizer in one template. Not safe to use from two threads at once."""

    def __init__(self, folder: Path, *, template: str | None = None) -> None:
        """Read the tokenizer in ``folder``.

        Without ``template`` it is the tokenizer's own where it has one, else Vicuna's
        ``llava_v1``. Raises WeightsError where there is no tokenizer or no such template.
        """
        self.tokenizer = _load_tokenizer(folder)
        own = bool(self.tokenizer.chat_template)
        self.template_name = template or (OWN_TEMPLATE if own else "llava_v1")
        self.template = self._template(folder)
        added = self.tokenizer.added_tokens_decoder.values()
        self._specials = [token.content for token in added if token.special]
        self.head = self._parsed(self.template.start, first=True)
        self.tail = self._common_tail()

    def reference_ids(self, turns: Sequence[str]) -> list[int]:
        """Ids of a whole prompt as the reference makes them, the placeholder among them."""
        return self.ids_of(self.template.render(turns))

    def ids_of(self, text: str) -> list[int]:
        """Ids of a rendered prompt, the placeholder among them.

        Each piece between placeholders is tokenised alone; control tokens in it are obeyed.
        """
        first, *others = text.split(PLACEHOLDER)
        ids = self._parsed(first, first=True)
        for piece in others:
            ids += [PLACEHOLDER_ID, *self._parsed(piece)]
        return ids

    def question(self, text: str, *, follows: bool = False) -> list[int]:
        """Ids after the prefix up to where the answer begins. ``follows``: a further turn, so the
        end of the last answer comes first. Raises PromptError where nothing is asked."""
        asked = text.strip()
        if not asked:
            raise PromptError("the question is empty; ask something")
        if follows:
            if self.template.answered is None:
                raise PromptError("this model's prompt has no form for a second question")
            return self._around(self.template.answered, asked, self.template.asked)
        ids = self._after_view(asked)
        cut = len(self.tail)
        if ids[:cut] != self.tail:
            # A first letter that merges with the line break: the prefix stays what it is.
            return self._around("", asked, self.template.asked)
        return ids[cut:]

    def answer(self, text: str) -> list[int]:
        """Ids of an answer, without its end."""
        return self._plain(self.template.answer_lead + text)

    @property
    def answer_end(self) -> tuple[int, ...]:
        """Ids that stand behind an answer in this template, its end id the last of them."""
        ids = self._parsed(self.template.answered or "")
        for place, one in enumerate(ids):
            if one in self.end_ids:
                return tuple(ids[: place + 1])
        return self.end_ids[-1:]

    @property
    def end_ids(self) -> tuple[int, ...]:
        """Ids that end an answer: the end of text, and of a turn where the tokenizer knows one."""
        vocabulary = self.tokenizer.get_vocab()
        ends = {vocabulary[one] for one in _END_OF_TURN if one in vocabulary}
        return tuple(sorted(ends | {self.tokenizer.eos_token_id} - {None}))

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ``ids``, control tokens left out."""
        text: str = self.tokenizer.decode(list(ids), skip_special_tokens=True)
        return text

    def _template(self, folder: Path) -> Template:
        if self.template_name == OWN_TEMPLATE:
            if not self.tokenizer.chat_template:
                raise WeightsError(f"the tokenizer in {folder} has no chat template; choose one")
            return own_template(self._render)
        try:
            return TEMPLATES[self.template_name]
        except KeyError:
            known = ", ".join((*TEMPLATES, OWN_TEMPLATE))
            raise WeightsError(f"no template {self.template_name!r}; use one of {known}") from None

    def _render(self, messages: Messages) -> str:
        text: str = self.tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=False
        )
        return text

    def _common_tail(self) -> list[int]:
        tails = [self._after_view(probe) for probe in _PROBES]
        tail: list[int] = []
        for ids in zip(*tails, strict=False):
            if len(set(ids)) > 1:
                break
            tail.append(ids[0])
        return tail

    def _after_view(self, asked: str) -> list[int]:
        return self._around("\n", asked, self.template.asked)

    def _around(self, before: str, typed: str, after: str) -> list[int]:
        """Ids of ``typed`` between two pieces of template, control tokens in ``typed`` inert.

        What of the template touches it is tokenised with it, as merges cross the border.
        """
        obeyed_before, touching = self._cut(before, last=True)
        touched, obeyed_after = self._cut(after, last=False)
        return [
            *self._parsed(obeyed_before),
            *self._plain(touching + typed + touched),
            *self._parsed(obeyed_after),
        ]

    def _cut(self, piece: str, *, last: bool) -> tuple[str, str]:
        """``piece`` cut behind its last control token, or ahead of its first one."""
        places = [
            (piece.rfind(one) + len(one)) if last else piece.find(one)
            for one in self._specials
            if one in piece
        ]
        cut = (max(places) if last else min(places)) if places else (0 if last else len(piece))
        return piece[:cut], piece[cut:]

    def _parsed(self, text: str, *, first: bool = False) -> list[int]:
        """Ids with control tokens obeyed; the tokenizer's begin token at the very first only."""
        if not text and not first:
            return []
        ids: list[int] = self.tokenizer(text).input_ids
        begin = self.tokenizer.bos_token_id
        return ids[1:] if ids and ids[0] == begin and not first else ids

    def _plain(self, text: str) -> list[int]:
        """Ids with control tokens as the letters they are spelt with."""
        ids: list[int] = self.tokenizer(
            text, add_special_tokens=False, split_special_tokens=True
        ).input_ids
        return ids


def _load_tokenizer(folder: Path) -> Any:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from transformers import LlamaTokenizer, PreTrainedTokenizerFast

    # Not the automatic class: it reads config.json, whose model type transformers doesn't know.
    whole = (folder / "tokenizer.json").exists()
    kind = PreTrainedTokenizerFast if whole else LlamaTokenizer
    try:
        return kind.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise WeightsError(f"cannot read a tokenizer in {folder}: {reason}") from error
