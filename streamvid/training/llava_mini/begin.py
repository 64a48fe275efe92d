"""Puts a course together from what the command line was given."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from streamvid.model.devices import choose_device
from streamvid.model.llava_mini.loading import tower_beside, weights_digest
from streamvid.model.llava_mini.pixels import Geometry
from streamvid.model.llava_mini.prompt import Prompt
from streamvid.model.llava_mini.towers import read_normalisation
from streamvid.training.llava_mini.course import Course, Plan
from streamvid.training.llava_mini.examples import read_examples
from streamvid.training.llava_mini.media import Media
from streamvid.training.llava_mini.network import LlavaMiniNetwork
from streamvid.training.llava_mini.training import LlavaMiniTrainer, save_checkpoint
from streamvid.training.stages import LlavaMiniStageName

_EPOCHS = {"alignment": 1, "instruction": 2}
"""Passes over the data, by Table 9."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line was given; None stands for what the stage or the checkpoint says."""

    checkpoint: Path
    data: Path
    stage: LlavaMiniStageName
    out: Path
    media: Path
    tower: Path | None
    steps: int | None
    epochs: int | None
    batch: int
    rate: float
    seed: int
    template: str | None
    geometry: Geometry | None
    threads: int
    device: str
    fp32: bool


@dataclass(frozen=True, slots=True, eq=False)
class Begun:
    """A course, and where its outcome goes."""

    course: Course
    network: LlavaMiniNetwork
    source: Path
    out: Path

    def finish(self) -> Path:
        """Write the trained checkpoint; gives its folder."""
        return save_checkpoint(self.network, self.source, self.out / "checkpoint")


def begin(wish: Wish, *, say: Callable[[str], None]) -> Begun:
    """Load, read, and take up what an earlier run left.

    Raises WeightsError, ExamplesError, CourseError, ModelError.
    """
    torch.set_num_threads(wish.threads)
    device = choose_device(wish.device)
    examples = read_examples(wish.data, wish.media)
    if examples.without_picture:
        say(f"left out without a picture: {examples.without_picture} conversations")
    network = LlavaMiniNetwork(wish.checkpoint, tower_folder=wish.tower)
    config = network.config
    tower = wish.tower or tower_beside(wish.checkpoint, config) or wish.checkpoint
    dtype = torch.float32 if wish.fp32 else torch.bfloat16
    network.place(device)
    trainer = LlavaMiniTrainer(network, wish.stage, dtype=dtype)
    geometry = wish.geometry or config.aspect_ratio
    steps = wish.steps or math.ceil(
        (wish.epochs or _EPOCHS[wish.stage]) * len(examples.found) / wish.batch
    )
    plan = Plan(
        stage=wish.stage,
        steps=steps,
        batch=wish.batch,
        rate=wish.rate,
        seed=wish.seed,
        dtype=str(dtype).removeprefix("torch."),
        geometry=geometry,
        source=weights_digest([wish.checkpoint, tower]),
        examples=hashlib.sha256(wish.data.read_bytes()).hexdigest(),
    )
    say(f"{wish.stage}: {steps} steps of {wish.batch}, {len(examples.found)} examples, {device}")
    course = Course(
        trainer,
        examples.found,
        wish.out,
        plan,
        prompt=Prompt(wish.checkpoint, template=wish.template),
        media=Media(
            side_px=network.image_px,
            ratio=config.resolution_ratio,
            geometry=geometry,
            normalise=read_normalisation(tower),
        ),
        say=say,
    )
    return Begun(course, network, wish.checkpoint, wish.out)
