"""What a context is made of, read from one snapshot: the range's view and its fused prefix."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from memory import PrefixSum, Snapshot, TickSpan, View, range_view
from streamvid.answer.range_frames import RangeFrames
from streamvid.settings import Settings

KEPT_READINGS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What the context is made of: the view, and the fused prefix's sum as far as it is stored."""

    view: View
    prefix: PrefixSum


class Readings:
    """Readings of the ranges asked last, kept for the next question.

    Safe from several threads, of which one reads at a time: a view is large.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._kept: OrderedDict[object, Reading] = OrderedDict()

    def read(self, snapshot: Snapshot, frames: RangeFrames, *, view_tokens: int) -> Reading:
        """View of at most ``view_tokens`` and prefix of ``frames``, which must not be empty."""
        span, policy = frames.span or TickSpan(0, 0), self._settings.view_policy
        key = (frames.recording_id, frames.state, span, view_tokens, policy)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            view = range_view(
                snapshot.tokens(span, previews=True),
                view_tokens,
                snapshot.geometry.tokens_shape,
                gaps=snapshot.gaps(),
                policy=policy,
            )
            reading = Reading(view, snapshot.prefix_sum(span, previews=True))
            self._kept[key] = reading
            while len(self._kept) > KEPT_READINGS:
                self._kept.popitem(last=False)
            return reading

    def clear(self) -> None:
        """Drop all that was read."""
        with self._lock:
            self._kept.clear()
