"""How a conversation is spelt: the reference's templates, and the tokenizer's own.

A template is what stands around questions and answers. The strings are the reference's, as models
were trained on them (checked against its own prompts).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from streamvid.model.errors import PromptError, WeightsError

_SYSTEM = (
    "You are a helpful language and vision assistant. You are able to understand the visual content"
    " that the user provides, and assist the user with a variety of tasks using natural language."
)
_CHAT = (
    "A chat between a curious human and an artificial intelligence assistant. The assistant gives"
    " helpful, detailed, and polite answers to the human's questions."
)
PLACEHOLDER = "<image>"
"""Stands for the picture or video in a prompt's text."""


@dataclass(frozen=True, slots=True)
class Template:
    """``start`` question ``asked`` [``answer_lead`` answer ``answered`` question ``asked``] …

    ``asked`` opens the answer; ``answered`` ends it and opens the next question.
    """

    start: str
    asked: str
    answer_lead: str = ""
    answered: str | None = None
    """None where a template knows no second turn."""

    def render(self, turns: Sequence[str]) -> str:
        """The prompt for ``turns``, question and answer by turns, the last one a question.

        Raises PromptError for an even number of them, or a further turn that there is no form for.
        """
        if len(turns) % 2 == 0:
            raise PromptError(f"{len(turns)} turns end with an answer; the last must be a question")
        if len(turns) > 1 and self.answered is None:
            raise PromptError("this template has no form for a second turn; use another")
        text = self.start + turns[0] + self.asked
        for answer, question in zip(turns[1::2], turns[2::2], strict=True):
            text += f"{self.answer_lead}{answer}{self.answered}{question}{self.asked}"
        return text


def _chatml(system: str) -> Template:
    return Template(
        f"<|im_start|>system\n{system}<|im_end|><|im_start|>user\n",
        "<|im_end|><|im_start|>assistant\n",
        "",
        "<|im_end|><|im_start|>user\n",
    )


TEMPLATES: Mapping[str, Template] = MappingProxyType(
    {
        "llava_v1": Template(f"{_CHAT} USER: ", " ASSISTANT:", " ", "</s>USER: "),
        "llava_v0": Template(f"{_CHAT}###Human: ", "###Assistant:", " ", "###Human: "),
        "llava_llama_2": Template(
            f"[INST] <<SYS>>\n{_SYSTEM}\n<</SYS>>\n\n", " [/INST]", " ", " </s><s>[INST] "
        ),
        "mistral_instruct": Template("[INST] ", " [/INST]", " ", " </s>[INST] "),
        "chatml_direct": _chatml("Answer the questions."),
        "mpt": _chatml(
            "A conversation between a user and an LLM-based AI assistant. The assistant gives"
            " helpful and honest answers."
        ),
        "plain": Template("", "\n"),
        "llava_llama_3": Template(
            f"<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n{_SYSTEM}<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\n",
            "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
            "",
            "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n",
        ),
    }
)
OWN_TEMPLATE = "llava_llama_3_1"
"""The reference's name for: whatever the tokenizer's chat template says."""

Messages = list[dict[str, str]]
_FIRST, _ANSWER, _SECOND = "\ue000first\ue001", "\ue000answer\ue001", "\ue000second\ue001"


def own_template(render: Callable[[Messages], str]) -> Template:
    """The template that a tokenizer's chat template makes, read off a rendered conversation.

    ``render`` writes messages out without opening an answer: whether an open header follows is the
    template's own affair, as in the reference. Raises WeightsError where it can't be read off.
    """
    system = {"role": "system", "content": _SYSTEM}
    told = [("user", _FIRST), ("assistant", _ANSWER), ("user", _SECOND)]
    messages = [system, *({"role": role, "content": text} for role, text in told)]
    text = render(messages)
    try:
        start, rest = text.split(_FIRST)
        before_answer, rest = rest.split(_ANSWER)
        answered, asked = rest.split(_SECOND)
        lone_start, lone_asked = render(messages[:2]).split(_FIRST)
    except ValueError:
        raise WeightsError(
            "the tokenizer's chat template leaves turns out or repeats them; use another template"
        ) from None
    if (lone_start, lone_asked) != (start, asked) or not before_answer.startswith(asked):
        raise WeightsError(
            "the tokenizer's chat template writes a first turn unlike a last one;"
            " use another template"
        )
    return Template(start, asked, before_answer.removeprefix(asked), answered)
