"""Pre-fusion keys and values of frames in use, so that a further question needs no pixels.

Every method but ``missing`` runs in the engine's thread, as states do.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from streamvid.model.seam import FusedSum, Picture, States, VideoModel


@dataclass(frozen=True, slots=True)
class FrameKey:
    """A frame of a recording. ``preview``: it only stands in for the tick's real one.

    ``fingerprint`` is of the model that states are made with: it may follow a recording that was
    encoded anew.
    """

    recording_id: str
    tick: int
    preview: bool
    fingerprint: str = ""


class StatesCache:
    """Fuses questions with frames and keeps their states under ``budget_bytes``.

    Frames that were fused together share a handle; a question that wants some of them gives the
    others no weight. The handle used longest ago goes first.
    """

    def __init__(self, budget_bytes: int) -> None:
        self._budget_bytes = budget_bytes
        self._handles: OrderedDict[tuple[FrameKey, ...], States] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Bytes of all states that are kept."""
        return sum(states.nbytes for states in self._handles.values())

    def missing(self, frames: Sequence[FrameKey]) -> list[FrameKey]:
        """Those of ``frames`` that have no states here at this moment. Any thread."""
        with self._lock:
            known = {frame for group in self._handles for frame in group}
        return [frame for frame in frames if frame not in known]

    def fuse(
        self,
        model: VideoModel,
        question: str,
        weights: dict[FrameKey, float],
        pixels: Callable[[FrameKey], Picture],
        *,
        follows: bool,
    ) -> FusedSum:
        """Sum over the frames of ``weights``; ``pixels`` is asked for those without states.

        ``weights`` must not be empty.
        """
        new = tuple(self.missing(list(weights)))
        parts: list[FusedSum] = []
        for group in [group for group in self._handles if not weights.keys().isdisjoint(group)]:
            shares = [weights.get(frame, 0.0) for frame in group]
            parts.append(model.fuse(question, self._handles[group], shares, follows=follows))
            self._handles.move_to_end(group)
        if new:
            stills = [pixels(frame) for frame in new]
            shares = [weights[frame] for frame in new]
            if len(new) * model.spec.state_bytes > self._budget_bytes:
                parts.append(model.fuse(question, stills, shares, follows=follows))
            else:
                states = model.states(stills)
                parts.append(model.fuse(question, states, shares, follows=follows))
                self._keep(new, states)
        total = parts[0]
        for part in parts[1:]:
            total += part
        return total

    def forget(self, recording_id: str) -> None:
        """Close what belongs to a recording."""
        for group in [g for g in self._handles if g[0].recording_id == recording_id]:
            self._drop(group)

    def _keep(self, group: tuple[FrameKey, ...], states: States) -> None:
        with self._lock:
            self._handles[group] = states
        while self.nbytes > self._budget_bytes:
            self._drop(next(iter(self._handles)))

    def _drop(self, group: tuple[FrameKey, ...]) -> None:
        with self._lock:
            states = self._handles.pop(group)
        states.close()
