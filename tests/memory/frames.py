"""Frames of a small geometry, for the tests of memory and the processes they start."""

from __future__ import annotations

import functools
import os

import numpy as np

from memory import Batch, FrameRow, Geometry, TickSpan

RAM_FOLDER = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Where tests that are not about the disk put their databases: each commit waits for the disk."""

GEOMETRY = Geometry(
    width=6, tokens_per_frame=2, embedding_width=5, prefix_tokens=3, keeps_fused_prefix=True
)


@functools.cache
def frame_at(tick: int, *, geometry: Geometry = GEOMETRY, after_s: float = 0.25) -> FrameRow:
    """A frame whose numbers depend on its tick alone, as a real frame's depend on its pixels."""
    random = np.random.default_rng(tick)
    embedding = random.normal(size=geometry.embedding_width).astype(np.float32)
    return FrameRow(
        tick=tick,
        t_s=tick + after_s,
        tokens=random.normal(size=geometry.tokens_shape).astype(np.float16),
        embedding=embedding / np.linalg.norm(embedding),
        fused_prefix=random.normal(size=geometry.prefix_shape).astype(np.float32),
        still=b"still %d" % tick,
    )


def batch_of(first: int, end: int, **more: object) -> Batch:
    """A commit of one frame a tick in [first, end)."""
    frames = tuple(frame_at(tick) for tick in range(first, end))
    return Batch(TickSpan(first, end), frames, **more)  # type: ignore[arg-type]  # test shorthand
