"""The tiny model, made to wait at a given place until a test lets it go on.

Two pipes stand for the two directions; their paths and the place come from the environment, since
the program takes a model by name alone.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tiny_model import TinyModel

from streamvid.model.seam import Finished


def wait() -> None:
    """Say ``reached`` and wait for a byte."""
    with Path(os.environ["HELD_REACHED"]).open("wb", buffering=0) as reached:
        reached.write(b"r")
    with Path(os.environ["HELD_GO_ON"]).open("rb", buffering=0) as go_on:
        go_on.read(1)


def before_batch(*, seed: int = 0) -> TinyModel:
    """A model that waits before each batch from number ``HELD_BATCH`` on."""
    batches = 0

    def hold(_frames: int) -> None:
        nonlocal batches
        batches += 1
        if batches >= int(os.environ["HELD_BATCH"]):
            wait()

    return TinyModel(seed=seed, on_encode=hold)


class SlowSpeaker(TinyModel):
    """A model that waits after its first five pieces of the first answer, once."""

    held = False

    def generate(self, *arguments: Any, **more: Any) -> Any:
        for number, piece in enumerate(super().generate(*arguments, **more)):
            yield piece
            if number == 5 and not self.held:
                self.held = True
                wait()


class Silent(TinyModel):
    """A model that ends each answer before its first word."""

    def generate(self, *arguments: Any, **more: Any) -> Any:
        yield "\n"
        yield Finished("stop", 3, 1, 0.0, 0.1)


def second() -> TinyModel:
    """Another model than the usual tiny one."""
    return TinyModel(seed=7)


def second_before_batch() -> TinyModel:
    """It, waiting as ``before_batch`` does."""
    return before_batch(seed=7)


def while_loading() -> TinyModel:
    """It, held before it is loaded."""
    wait()
    return TinyModel()
