"""The two stages of LLaVA-Mini's training on one network, and checkpoints of what it became.

Source: LLaVA-Mini (arXiv 2501.03895), Table 9.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from streamvid.training.llava_mini.conversation import Conversation
from streamvid.training.llava_mini.network import LlavaMiniNetwork, checkpoint_tensors
from streamvid.training.masters import Masters
from streamvid.training.stages import LLAVA_MINI_STAGES, LlavaMiniStageName
from streamvid.training.stepping import answer_loss, parameter_groups, take_step

_BESIDE = ("*.json", "*.model", "*.jinja")


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """A conversation about some frames.

    ``look`` gives them when their turn comes, normalised [F, P, 3, h, w]: those of a whole batch
    would take gigabytes.
    """

    told: Conversation
    look: Callable[[], Tensor]


class LlavaMiniTrainer:
    """Takes steps of one stage; AdamW over float32 masters, as for nano."""

    def __init__(
        self,
        network: LlavaMiniNetwork,
        stage: LlavaMiniStageName,
        *,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.network = network
        # Stage 1 has no compressor and no pre-fusion yet: frames go in whole.
        self.compressed = stage != "alignment"
        self.stage = LLAVA_MINI_STAGES[stage]
        names = trainable(network, stage)
        network.requires_grad_(requires_grad=False)
        self.masters = Masters(network, names, dtype=dtype)
        self._optimizer = self.masters.optimizer(parameter_groups(names, self.stage))

    def step(self, lessons: Sequence[Lesson], *, rate: float = 1.0) -> float:
        """Train on ``lessons`` once, at ``rate`` times the stage's rates; gives their loss.

        It is the mean over all answer tokens. One lesson is in the network at a time.
        """
        for group in self._optimizer.param_groups:
            group["lr"] = group["base"] * rate
        tokens = sum(lesson.told.answer_tokens for lesson in lessons)
        return take_step(
            self.masters, self._optimizer, (self._loss(lesson, tokens) for lesson in lessons)
        )

    def state(self) -> dict[str, Any]:
        """What training goes on from, besides the checkpoint that it started from."""
        return {"masters": self.masters.tensors, "optimizer": self._optimizer.state_dict()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from a ``state``."""
        self.masters.load(state["masters"])
        self._optimizer.load_state_dict(state["optimizer"])

    def _loss(self, lesson: Lesson, tokens: int) -> Tensor:
        """A lesson's share of a loss that is a mean over ``tokens``."""
        logits, targets = self.network(lesson.look(), lesson.told, compressed=self.compressed)
        weights = torch.ones(len(targets), device=targets.device)
        return answer_loss(logits.float(), targets, weights) * (len(targets) / tokens)


def trainable(network: LlavaMiniNetwork, stage: LlavaMiniStageName) -> list[str]:
    """What ``stage`` trains: the projector alone at first, then all but the compressor's fixed
    positions (and the tower, which is no part of the network)."""
    fixed = ("compressor.pos_embed",)
    names = [name for name, _ in network.named_parameters() if name not in fixed]
    if stage == "alignment":
        return [name for name in names if name.startswith("projector.")]
    return names


def save_checkpoint(network: LlavaMiniNetwork, source: Path, folder: Path) -> Path:
    """Write ``network`` into ``folder`` in the reference's format, with the config and tokenizer of
    the checkpoint ``source`` that it came from. The weights appear last, and whole."""
    folder.mkdir(parents=True, exist_ok=True)
    for pattern in _BESIDE:
        for path in source.glob(pattern):
            if "safetensors.index" not in path.name and "bin.index" not in path.name:
                shutil.copyfile(path, folder / path.name)
    tensors = {name: one.detach().contiguous() for name, one in checkpoint_tensors(network).items()}
    scratch = folder / "model.safetensors.tmp"
    save_file(tensors, scratch, metadata={"format": "pt"})
    scratch.replace(folder / "model.safetensors")
    return folder
