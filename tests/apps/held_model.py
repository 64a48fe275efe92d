"""The tiny model, made to wait before a given batch until a test lets it go on.

Two pipes stand for the two directions; their paths and the batch come from the environment, since
the program takes a model by name alone.
"""

from __future__ import annotations

import os
from pathlib import Path

from tiny_model import TinyModel


def load() -> TinyModel:
    """A model that says ``reached`` before batch ``HELD_BATCH`` and then waits for a byte."""
    held_batch = int(os.environ["HELD_BATCH"])
    batches = 0

    def hold(_frames: int) -> None:
        nonlocal batches
        batches += 1
        if batches >= held_batch:
            with Path(os.environ["HELD_REACHED"]).open("wb", buffering=0) as reached:
                reached.write(b"r")
            with Path(os.environ["HELD_GO_ON"]).open("rb", buffering=0) as go_on:
                go_on.read(1)

    return TinyModel(on_encode=hold)
