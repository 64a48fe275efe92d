"""A recording that grows as a live one does: pictures through a model, committed as they come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from capture import decode_still, encode_still
from memory import Batch, FrameRow, GapRow, Home, Recording, Source, TickSpan
from streamvid.engine import ModelFacts
from streamvid.ingest.ingest import model_identity
from streamvid.model.seam import Picture, VideoModel

PictureAt = Callable[[int], Picture]


def noise(tick: int) -> Picture:
    """A picture of its own for each tick: coarse coloured noise."""
    cells = np.random.default_rng(tick).integers(0, 255, (4, 4, 3), dtype=np.uint8)
    return cells.repeat(4, axis=0).repeat(4, axis=1)


class Watched:
    """The one writer of a growing recording; ``model`` may be used by others at no time meanwhile.

    A session has its own.
    """

    def __init__(
        self, home: Path, model: VideoModel, *, picture_at: PictureAt = noise, name: str = "door"
    ) -> None:
        self.model = model
        self.picture_at = picture_at
        facts = ModelFacts(model.spec, model.fingerprint, model.language_model)
        identity = model_identity(facts)
        source = Source(id=name, kind="file", name=name)
        self.recording: Recording = Home(home).create(source, identity, created_wall_s=1_000.0)
        self.writer = self.recording.writer(identity)
        self.next_tick = 0

    def see(self, frames: int, *, commit_frames: int = 64) -> None:
        """So many seconds, a frame each."""
        end = self.next_tick + frames
        while self.next_tick < end:
            part_end = min(end, self.next_tick + commit_frames)
            self._commit(range(self.next_tick, part_end))

    def lose(self, seconds: int) -> None:
        """So many seconds in which nothing could be seen."""
        first, end = self.next_tick, self.next_tick + seconds
        gap = GapRow(float(first), float(end), "no signal")
        self.writer.commit(Batch(TickSpan(first, end), (), (gap,)))
        self.next_tick = end

    def finish(self) -> None:
        """The source was seen to its end."""
        span = TickSpan(self.next_tick, self.next_tick + 1)
        self.writer.commit(Batch(span, complete=True))

    def close(self) -> None:
        self.writer.close()

    def _commit(self, ticks: Sequence[int]) -> None:
        stills = [encode_still(self.picture_at(tick)) for tick in ticks]
        encoded = self.model.encode([decode_still(still) for still in stills])
        frames = tuple(
            FrameRow(
                tick=tick,
                t_s=tick + 0.25,
                tokens=encoded.tokens[i],
                embedding=encoded.embeddings[i],
                fused_prefix=encoded.fused_prefix[i],
                still=stills[i],
            )
            for i, tick in enumerate(ticks)
        )
        self.writer.commit(Batch(TickSpan(ticks[0], ticks[-1] + 1), frames))
        self.next_tick = ticks[-1] + 1
