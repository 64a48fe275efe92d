"""What faster and smaller precisions cost in quality, against fp32.

    python benchmarks/compare_precisions.py [--captions CAPTIONS] [--questions 150] [--out JSON]

``text``: the packaged SmolLM2 over Python's own language reference. For each precision the share of
places where the likeliest next token is fp32's, the mean cosine of the logits, and the perplexity;
once as one prefill and once token by token, since these use different kernels.

``answers``, with CAPTIONS (captions.jsonl, yesno.jsonl and pictures): trained nano looks at
pictures and answers in fp32; every other precision encodes, fuses and reads the same pictures and
questions by itself and is then given fp32's answer token by token. Counted is where it would have
said the same next token.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import torch
from torch import Tensor

from capture import decode_still
from streamvid.evaluation.progress import SAY_EVERY_S, Steps
from streamvid.evaluation.questions import load_yesno
from streamvid.model.llama import LanguageModel, LlamaConfig, PrecisionName
from streamvid.model.llama.precision import named_precision, processor_name
from streamvid.model.nano.language_weights import converted_folder, load_weights
from streamvid.model.nano.loading import load_nano
from streamvid.model.nano.model import NanoModel
from streamvid.model.nano.packages import SMOLLM2
from streamvid.model.seam import Picture

TEXT_TOKENS = 512
ANSWER_TOKENS = 24
PRECISIONS: tuple[PrecisionName, ...] = ("bf16", "int8", "nf4")
DESCRIBE = "Describe the video."


@dataclass(frozen=True, slots=True)
class Agreement:
    """Beside fp32, over ``tokens`` places."""

    top1: float
    cosine: float
    perplexity: float
    perplexity_fp32: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Answered:
    """One question about one picture, and fp32's answer to it with its likeliest tokens."""

    image: str
    question: str
    ids: tuple[int, ...]


def compare_text(cache: Path) -> dict[str, dict[str, Agreement]]:
    """Prefill and decode of each precision over the same English text."""
    import pydoc_data.topics

    from transformers import AutoTokenizer

    folder = converted_folder(SMOLLM2, cache, say=say)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    english = pydoc_data.topics.topics["exceptions"] + pydoc_data.topics.topics["assignment"]
    ids = torch.tensor(tokenizer(english)["input_ids"][:TEXT_TOKENS])
    fields, tensors = load_weights(folder)
    config = LlamaConfig.from_json(fields)
    full = LanguageModel.from_tensors(config, tensors, named_precision("fp32"))
    expected = full.logits_of_all(full.embed(ids), full.new_cache())
    table: dict[str, dict[str, Agreement]] = {}
    for name in PRECISIONS:
        model = LanguageModel.from_tensors(config, tensors, named_precision(name))
        cached = model.new_cache(room_tokens=len(ids))
        table[name] = {
            "prefill": agreement(
                model.logits_of_all(model.embed(ids), model.new_cache()), expected, ids
            ),
            "decode": agreement(
                torch.stack([model.decode_step(int(one), cached) for one in ids]), expected, ids
            ),
        }
        say(f"{name} over text")
    return table


def agreement(logits: Tensor, expected: Tensor, ids: Tensor) -> Agreement:
    """Of logits [n, V] behind each of ``ids`` [n] with those that fp32 gave."""
    loss = torch.nn.functional.cross_entropy
    return Agreement(
        top1=(logits.argmax(-1) == expected.argmax(-1)).float().mean().item(),
        cosine=torch.cosine_similarity(logits, expected).mean().item(),
        perplexity=math.exp(loss(logits[:-1], ids[1:]).item()),
        perplexity_fp32=math.exp(loss(expected[:-1], ids[1:]).item()),
        tokens=len(ids),
    )


class Answerer:
    """A nano in one precision, from pictures to the logits behind given answers."""

    def __init__(self, nano: NanoModel, folder: Path) -> None:
        self.nano, self.folder = nano, folder
        self._end = nano._parts.prompt.answer("Yes.")[-1]

    def answer(self, image: str, question: str) -> Answered:
        """The greedy answer's ids, its end included."""
        logits, step = self._read(image, question)
        ids: list[int] = []
        while len(ids) < ANSWER_TOKENS and (not ids or ids[-1] != self._end):
            ids.append(int(logits.argmax()))
            logits = step(ids[-1])
        return Answered(image, question, tuple(ids))

    def likeliest_behind(self, asked: Answered) -> Iterator[int]:
        """Its own next token before each of the answer's, given all before."""
        logits, step = self._read(asked.image, asked.question)
        for one in asked.ids:
            yield int(logits.argmax())
            logits = step(one)

    def _read(self, image: str, question: str) -> tuple[Tensor, Any]:
        nano, language = self.nano, self.nano._parts.language
        stills: list[Picture] = [decode_still((self.folder / image).read_bytes())]
        encoded, head = nano.encode(stills), nano.spec.prefix_head_tokens
        states = nano.states(stills)
        fused = nano.fuse(question, states, [1.0]).mean()
        states.close()
        context = nano.context(encoded.fused_prefix[0, :head])
        context.extend(encoded.tokens[0])
        prompt = torch.from_numpy(np.concatenate([encoded.fused_prefix[0, head:], fused]))
        logits = language.prefill(prompt, context.cache)
        return logits, lambda one: language.decode_step(one, context.cache)


def compare_answers(
    captions: Path, questions: int, cache: Path, weights: Path | None
) -> dict[str, dict[str, float]]:
    """Share of equal next tokens in answers to yes/no questions and in descriptions."""
    asked = load_yesno(captions / "yesno.jsonl")[:questions]
    pairs = [(one.image, one.question) for one in asked]
    pairs += [(image, DESCRIBE) for image in dict.fromkeys(one.image for one in asked)]
    full = Answerer(load_nano(cache=cache, weights=weights, precision="fp32"), captions)
    answers = [full.answer(*pair) for pair in counted("answers in fp32", pairs)]
    table: dict[str, dict[str, float]] = {}
    for name in PRECISIONS:
        other = Answerer(load_nano(cache=cache, weights=weights, precision=name), captions)
        equal = [
            [said == wanted for said, wanted in zip(other.likeliest_behind(a), a.ids, strict=True)]
            for a in counted(f"answers in {name}", answers)
        ]
        short = [same for same, one in zip(equal, answers, strict=True) if one.question != DESCRIBE]
        table[name] = {
            "top1": mean([one for same in equal for one in same]),
            "yes_no_equal": mean([all(same) for same in short]),
            "tokens": sum(map(len, equal)),
            "questions": len(short),
        }
    return table


def mean(found: Sequence[bool]) -> float:
    """Share that is true."""
    return sum(found) / max(1, len(found))


def counted(what: str, items: Sequence[Any]) -> Iterator[Any]:
    """``items``, with lines of progress."""
    steps = Steps(say, every_s=SAY_EVERY_S)
    steps.begin(what, len(items), "questions")
    for one in items:
        yield one
        steps.step()


def say(line: str) -> None:
    """A line of progress."""
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--captions", type=Path, help="folder with yesno.jsonl and pictures")
    parser.add_argument("--questions", type=int, default=150)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "streamvid")
    parser.add_argument("--weights", type=Path, help="other trained weights")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with torch.inference_mode():
        text = compare_text(options.cache)
        result: dict[str, Any] = {
            "processor": processor_name(),
            "text": {
                name: {way: asdict(found) for way, found in ways.items()}
                for name, ways in text.items()
            },
        }
        if options.captions:
            result["answers"] = compare_answers(
                options.captions, options.questions, options.cache, options.weights
            )
    print(json.dumps(result, indent=1))
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
