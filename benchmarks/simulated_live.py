"""A live recording without a camera: real footage, encoded once, in scenes at a frame a second."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from capture import decode_still, encode_still
from memory import Anchor, Batch, FrameRow, Home, ModelIdentity, Recording, TickSpan, describe_live
from streamvid.model.seam import Picture, VideoModel

COMMIT_FRAMES = 64
SCENE_S = (20, 240)
"""Shortest and longest scene: a camera is turned, a channel switched."""


def encode_footage(model: VideoModel, scenes: Sequence[Sequence[Picture]]) -> list[list[FrameRow]]:
    """Each scene's pictures as rows with whatever tick; the numbers are of the stills, as always.

    Runs in the engine's thread.
    """
    return [[*_rows(model, scene)] for scene in scenes]


def _rows(model: VideoModel, scene: Sequence[Picture]) -> Iterator[FrameRow]:
    batch = model.spec.encode_batch
    for start in range(0, len(scene), batch):
        stills = [encode_still(picture) for picture in scene[start : start + batch]]
        encoded = model.encode([decode_still(still) for still in stills])
        for i, still in enumerate(stills):
            yield FrameRow(
                0, 0.0, encoded.tokens[i], encoded.embeddings[i], encoded.fused_prefix[i], still
            )


class SimulatedLive:
    """The one writer of the live recording of ``name``: scenes by ``seed``, to and fro.

    ``name`` may be a source's address: whoever watches that later goes on behind what is filmed
    here, which began when the wall clock said ``began_wall_s``.
    """

    def __init__(
        self,
        home: Path,
        identity: ModelIdentity,
        footage: Sequence[Sequence[FrameRow]],
        *,
        name: str,
        seed: int = 0,
        began_wall_s: float = 0.0,
    ) -> None:
        self.recording: Recording = Home(home).create(
            describe_live(name), identity, created_wall_s=began_wall_s
        )
        self.seconds = 0
        self._began = (Anchor(0.0, began_wall_s, run=True),)
        self._writer = self.recording.writer(identity)
        self._frames = _filmed(footage, np.random.default_rng(seed))

    def film(self, until_s: int) -> None:
        """Go on until ``until_s`` seconds are recorded."""
        while self.seconds < until_s:
            end = min(until_s, self.seconds + COMMIT_FRAMES)
            ticks = range(self.seconds, end)
            rows = tuple(
                replace(row, tick=tick, t_s=float(tick))
                for tick, row in zip(ticks, self._frames, strict=False)
            )
            anchors = () if self.seconds else self._began
            self._writer.commit(Batch(TickSpan(self.seconds, end), rows, anchors=anchors))
            self.seconds = end

    def close(self) -> None:
        """Give the writer's right back."""
        self._writer.close()


def _filmed(footage: Sequence[Sequence[FrameRow]], rng: np.random.Generator) -> Iterator[FrameRow]:
    while True:
        scene = footage[int(rng.integers(len(footage)))]
        there_and_back = [*scene, *reversed(scene)]
        for second in range(int(rng.integers(*SCENE_S))):
            yield there_and_back[second % len(there_and_back)]
