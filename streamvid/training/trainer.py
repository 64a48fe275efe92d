"""The training loop: steps, checkpoints, figures. Interrupted at any moment, it resumes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from streamvid.model.nano.prompt import Prompt
from streamvid.training.masters import Masters
from streamvid.training.material import Material
from streamvid.training.mixture import Mixture
from streamvid.training.network import Network
from streamvid.training.probe import probe
from streamvid.training.rows import batch_rows
from streamvid.training.stages import Stage
from streamvid.training.stepping import answer_loss, parameter_groups, take_step


@dataclass(frozen=True, slots=True)
class TrainerSettings:
    """``bf16``: products in bf16, where the processor has units for it."""

    bf16: bool = True
    save_every_s: float = 600.0
    probe_every_s: float = 1500.0
    probe_pictures: int = 160


class Trainer:
    """Trains ``network`` through one stage after the other; state in ``work``."""

    def __init__(
        self,
        network: Network,
        prompt: Prompt,
        material: Material,
        mixture: Mixture,
        dev: Mixture,
        work: Path,
        *,
        settings: TrainerSettings,
        say: Callable[[str], None],
    ) -> None:
        self.network, self.prompt, self.material = network, prompt, material
        self.mixture, self.dev, self.work = mixture, dev, work
        self.settings, self.say = settings, say
        dtype = torch.bfloat16 if settings.bf16 else torch.float32
        self.masters = Masters(network, trainable(network), dtype=dtype)
        self.step = 0
        """Steps since the very start, which numbers the data."""
        self.turns = 0
        self._last: torch.optim.Optimizer | None = None

    def run(self, stage: Stage, steps: int, *, mixture: Mixture | None = None) -> None:
        """Train ``stage`` up to ``steps`` steps; goes on from its checkpoint if there is one.

        ``mixture`` takes the place of the trainer's own.
        """
        optimizer = self._optimizer(stage)
        done = self._resume(stage, optimizer)
        if not done:
            self._take_over(optimizer)
        self._last = optimizer
        saved = probed = time.monotonic()
        losses: list[float] = []
        while done < steps:
            for group in optimizer.param_groups:
                group["lr"] = group["base"] * stage.rate_at(done, steps)
            losses.append(self._train_step(stage, optimizer, mixture or self.mixture))
            done += 1
            now = time.monotonic()
            if done % 25 == 0:
                recent = sum(losses[-25:]) / len(losses[-25:])
                self.say(f"{stage.name} {done}/{steps} loss {recent:.3f} turns {self.turns}")
            if now - saved > self.settings.save_every_s or done == steps:
                self._save(stage, optimizer, done)
                saved = now
            if now - probed > self.settings.probe_every_s or done == steps:
                self._probe(stage, done)
                probed = now

    def start_at_mean(self, stages: Sequence[str]) -> None:
        """Take the mean of the weights at which each of ``stages`` ended.

        Weights cooled down at different times of one run lie in one basin, and their mean is
        better than any of them (Wortsman et al., Model soups, arXiv 2203.05482).
        """
        mean: dict[str, torch.Tensor] = {}
        for stage in stages:
            stored = torch.load(self._checkpoint(stage), weights_only=True, mmap=True)["masters"]
            for name, tensor in stored.items():
                share = tensor / len(stages)
                mean[name] = mean[name] + share if name in mean else share
        self.masters.load(mean)
        self.say(f"mean of {', '.join(stages)}")

    def steps_done(self, stage: str) -> int:
        """How far the checkpoint of ``stage`` is; 0 without one."""
        path = self._checkpoint(stage)
        return int(torch.load(path, weights_only=True, mmap=True)["done"]) if path.is_file() else 0

    def _checkpoint(self, stage: str) -> Path:
        return self.work / f"{stage}.pt"

    def _train_step(
        self, stage: Stage, optimizer: torch.optim.Optimizer, mixture: Mixture
    ) -> float:
        rows = mixture.rows(self.step, films=stage.films)
        batch = batch_rows(rows, self.prompt)
        logits = self.network(batch, *self.material.inputs(batch))
        chosen = batch.targets >= 0
        loss = answer_loss(logits, batch.targets[chosen], batch.target_weights[chosen])
        self.step += 1
        self.turns += batch.turns
        return take_step(self.masters, optimizer, [loss])

    def _optimizer(self, stage: Stage) -> torch.optim.Optimizer:
        return self.masters.optimizer(parameter_groups(list(self.masters.tensors), stage))

    def _resume(self, stage: Stage, optimizer: torch.optim.Optimizer) -> int:
        path = self._checkpoint(stage.name)
        if not path.is_file():
            return 0
        stored = torch.load(path, weights_only=True)
        self.masters.load(stored["masters"])
        optimizer.load_state_dict(stored["optimizer"])
        self.step, self.turns = stored["step"], stored["turns"]
        self.say(f"{stage.name}: going on from step {stored['done']}")
        return int(stored["done"])

    def _take_over(self, optimizer: torch.optim.Optimizer) -> None:
        """Go on with the moments of the stage before, where it trained the same parameters.

        Fresh moments make AdamW's first steps as long as its longest.
        """
        if self._last is None:
            return
        names = [group["names"] for group in optimizer.param_groups]
        if names != [group["names"] for group in self._last.param_groups]:
            return
        rates = [group["base"] for group in optimizer.param_groups]
        optimizer.load_state_dict(self._last.state_dict())
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["base"] = rate

    def _save(self, stage: Stage, optimizer: torch.optim.Optimizer, done: int) -> None:
        path = self._checkpoint(stage.name)
        scratch = path.with_suffix(".tmp")
        torch.save(
            {
                "masters": self.masters.tensors,
                "optimizer": optimizer.state_dict(),
                "step": self.step,
                "turns": self.turns,
                "done": done,
            },
            scratch,
        )
        scratch.replace(path)

    def _probe(self, stage: Stage, done: int) -> None:
        figures = probe(
            self.network,
            self.prompt,
            self.material,
            self.dev,
            pictures=self.settings.probe_pictures,
        )
        line = {"stage": stage.name, "done": done, "turns": self.turns, **figures}
        with (self.work / "figures.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        self.say(" ".join(f"{name} {value:.3f}" for name, value in figures.items()))


def trainable(network: Network) -> list[str]:
    """Names of all parameters that some stage trains: not the token table (which is the head too),
    the tower's own layers, nor the retrieval head, which is trained apart."""
    frozen = ("embed_tokens", "lm_head", "vision.patches.head.", "vision.classifier.")
    return [
        name
        for name, _ in network.named_parameters()
        if not any(part in name for part in (*frozen, "vision.retrieval."))
    ]
