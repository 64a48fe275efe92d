"""A watch whose pictures somebody sends."""

from __future__ import annotations

from capture import PushedFrames
from streamvid.live.watch import Watch
from streamvid.translate import translated


class PushedWatch:
    """``push`` pictures into ``frames``, which ``watch`` watches; safe from several threads."""

    def __init__(self, watch: Watch, frames: PushedFrames) -> None:
        self.watch = watch
        self._frames = frames

    def push(self, jpeg: bytes, *, t_s: float | None, received_s: float) -> None:
        """Take a picture that came at ``received_s`` (monotonic); ``t_s``: its sender's clock.

        Decodes in the calling thread. Raises PictureRefusedError, and SourceRefusedError where the
        watch has ended.
        """
        with translated():
            self._frames.push(jpeg, t_s, received_s)
