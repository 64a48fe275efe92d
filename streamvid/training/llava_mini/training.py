"""The two stages of LLaVA-Mini's training on one network, and checkpoints of what it became.

Source: LLaVA-Mini (arXiv 2501.03895), Table 9.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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
    """A conversation about frames ``pixels`` [F, P, 3, h, w], normalised."""

    pixels: Tensor
    told: Conversation


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
        """Train on ``lessons`` once, at ``rate`` times the stage's rates; gives their loss."""
        for group in self._optimizer.param_groups:
            group["lr"] = group["base"] * rate
        found = [
            self.network(lesson.pixels, lesson.told, compressed=self.compressed)
            for lesson in lessons
        ]
        logits = torch.cat([one for one, _ in found])
        targets = torch.cat([one for _, one in found])
        loss = answer_loss(logits.float(), targets, torch.ones(len(targets)))
        return take_step(self.masters, self._optimizer, loss)


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
