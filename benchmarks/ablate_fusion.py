"""What the fused text state and the vision token each carry: yes/no questions with one exchanged.

    python benchmarks/ablate_fusion.py CAPTIONS [--questions 592] [--out FILE.json]

CAPTIONS holds pictures and yesno.jsonl. The text state (prefix and question, fused with a picture)
is that of the right picture, of a wrong one, or plain embeddings, never fused; the vision token is
that of the right picture, of a wrong one, or left out. A wrong picture is another of the folder, by
seed. An answer counts by its first token, which a yes or a no begins and ends with.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import torch

from capture import decode_still
from streamvid.evaluation.progress import SAY_EVERY_S, Steps
from streamvid.evaluation.questions import PictureQuestion, load_yesno
from streamvid.evaluation.twins import along_the_round, twins_of
from streamvid.model.llama.precision import processor_name
from streamvid.model.nano.loading import load_nano
from streamvid.model.nano.model import NanoModel
from streamvid.model.seam import EncodedFrames, FloatArray, States

VARIANTS = (
    ("right", "right"),
    ("wrong", "right"),
    ("plain", "right"),
    ("right", "wrong"),
    ("right", "none"),
    ("plain", "none"),
    ("wrong", "wrong"),
)
KEPT_PICTURES = 4


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What the model made of a picture."""

    states: States
    encoded: EncodedFrames


class Ablation:
    """Asks with any text state and any vision token."""

    def __init__(self, nano: NanoModel, folder: Path) -> None:
        self.nano, self.folder = nano, folder
        self._shown: OrderedDict[str, Shown] = OrderedDict()
        prompt = nano._parts.prompt
        self._yes = prompt.answer("Yes.")[0]
        self._no = prompt.answer("No.")[0]

    def says_yes(self, asked: PictureQuestion, twin: str, state: str, token: str) -> bool:
        """Whether yes is likelier than no as the answer's first token."""
        nano, head = self.nano, self.nano.spec.prefix_head_tokens
        prefix, question = self._text(asked, twin, state)
        context = nano.context(prefix[:head])
        if token != "none":
            seen = self._show(asked.image if token == "right" else twin)
            context.extend(seen.encoded.tokens[0])
        prompt = torch.from_numpy(np.concatenate([prefix[head:], question]))
        logits = nano._parts.language.prefill(prompt, context.cache)
        context.close()
        return bool(logits[self._yes] > logits[self._no])

    def _text(self, asked: PictureQuestion, twin: str, state: str) -> tuple[FloatArray, FloatArray]:
        """Prefix [P, d] and question [Q, d] in one of the three states."""
        if state == "plain":
            ids = self.nano._parts.prompt.question(asked.question)
            return self.nano._prefix.numpy(), self.nano._parts.language.embed(ids).numpy()
        seen = self._show(asked.image if state == "right" else twin)
        fused = self.nano.fuse(asked.question, seen.states, [1.0]).mean()
        return seen.encoded.fused_prefix[0], fused

    def _show(self, image: str) -> Shown:
        if image not in self._shown:
            picture = decode_still((self.folder / image).read_bytes())
            states, encoded = self.nano.states([picture]), self.nano.encode([picture])
            self._shown[image] = Shown(states, encoded)
            while len(self._shown) > KEPT_PICTURES:
                self._shown.popitem(last=False)[1].states.close()
        return self._shown[image]


def figures(ablation: Ablation, questions: Sequence[PictureQuestion]) -> list[dict[str, object]]:
    """One row for each variant. A question is asked in all of them while its pictures are kept."""
    twins = twins_of([asked.image for asked in questions], 0)
    right: dict[tuple[str, str], dict[bool, list[bool]]] = {
        variant: {True: [], False: []} for variant in VARIANTS
    }
    steps = Steps(lambda line: print(line, file=sys.stderr, flush=True), every_s=SAY_EVERY_S)
    steps.begin("fusion ablated", len(questions), "questions")
    for asked in along_the_round(questions, lambda asked: asked.image, 0):
        for variant in VARIANTS:
            said = ablation.says_yes(asked, twins[asked.image], *variant)
            right[variant][asked.answer].append(said == asked.answer)
        steps.step()
    return [_row(*variant, found) for variant, found in right.items()]


def _row(state: str, token: str, right: dict[bool, list[bool]]) -> dict[str, object]:
    every = right[True] + right[False]
    return {
        "text_state": state,
        "vision_token": token,
        "accuracy": round(sum(every) / len(every), 3),
        "recall_yes": round(sum(right[True]) / max(1, len(right[True])), 3),
        "recall_no": round(sum(right[False]) / max(1, len(right[False])), 3),
        "questions": len(every),
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("captions", type=Path)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "streamvid")
    parser.add_argument("--weights", type=Path, help="other trained weights")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    questions = load_yesno(arguments.captions / "yesno.jsonl")[: arguments.questions]
    nano = load_nano(cache=arguments.cache, weights=arguments.weights, say=print)
    rows = figures(Ablation(nano, arguments.captions), questions)
    for row in rows:
        print(json.dumps(row))
    if arguments.out:
        made_by = {"language_model": nano.language_model, "fingerprint": nano.fingerprint}
        result = {"processor": processor_name(), **made_by, "rows": rows}
        arguments.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
