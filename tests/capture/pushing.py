"""What tests push: small JPEGs, and a clock that a test turns."""

from __future__ import annotations

import functools

import cv2
import numpy as np

from capture import Frame, Gap, LiveSettings, PushedFrames, SourceEvent


@functools.cache
def jpeg(number: int = 0, *, width: int = 32, height: int = 24, progressive: bool = False) -> bytes:
    """A picture of its own for each ``number``: blocks of colour."""
    cells = np.random.default_rng(number).integers(0, 255, (3, 4, 3), dtype=np.uint8)
    pixels = cv2.resize(cells, (width, height), interpolation=cv2.INTER_NEAREST)
    flags = [cv2.IMWRITE_JPEG_QUALITY, 90, cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive)]
    return cv2.imencode(".jpg", pixels, flags)[1].tobytes()


class Pushed:
    """A source with a clock of its own, and everything that was read of it."""

    def __init__(self, *, first_tick: int = 0, start: bool = True, **settings) -> None:
        self.now_s = 100.0
        self.first_tick = first_tick
        self.items: list[Frame | Gap | SourceEvent] = []
        self._number = 0
        self.source = PushedFrames(
            "push:phone",
            LiveSettings(**settings),
            first_tick=first_tick,
            now_s=lambda: self.now_s,
            wall_s=lambda: 5_000.0 + self.now_s,
        )
        if start:
            self.source.start()

    def push(self, t_s: float | None = None, *, late_s: float = 0.0, coded: bytes = b"") -> None:
        """A picture that was received ``late_s`` ago."""
        self._number += 1
        self.source.push(coded or jpeg(self._number % 7), t_s, self.now_s - late_s)

    def wait(self, seconds: float, *, read: bool = True) -> None:
        """Time goes by, in steps that a reader would take."""
        while seconds > 0:
            step_s = min(seconds, 0.2)
            self.now_s += step_s
            seconds -= step_s
            if read:
                self.read()

    def read(self) -> None:
        """All that is there."""
        while (item := self.source.next_item(0)) is not None:
            self.items.append(item)

    def finish(self) -> None:
        self.source.close()
        self.read()
        assert self.source.ended

    @property
    def frames(self) -> list[Frame]:
        return [item for item in self.items if isinstance(item, Frame)]

    @property
    def ticks(self) -> list[int]:
        return [frame.tick for frame in self.frames]

    @property
    def gaps(self) -> list[tuple[float, float, str]]:
        """Gaps, those that touch and agree joined."""
        out: list[tuple[float, float, str]] = []
        for gap in (item for item in self.items if isinstance(item, Gap)):
            start_s = gap.start_s
            if out and out[-1][1:] == (start_s, gap.reason):
                start_s = out.pop()[0]
            out.append((start_s, gap.end_s, gap.reason))
        return out

    @property
    def events(self) -> list[tuple[str, str]]:
        return [(i.state, i.reason) for i in self.items if isinstance(i, SourceEvent)]
