"""Pre-fusion keys and values of frames in use, so that a further question needs no pixels.

They lie in two tiers, the model's device and host memory, each under a budget; ``tiers`` decides.
Every method but ``missing`` runs in the engine's thread, as states do.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from streamvid.answer.tiers import Holding, Tier, Usefulness, place
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


@dataclass(slots=True, eq=False)
class _Kept:
    """Mutable: states, where they lie, and how useful they have been."""

    states: States
    use: Usefulness
    tier: Tier = "device"


_Group = tuple[FrameKey, ...]
_NEVER = Usefulness(0.0, 0)


class StatesCache:
    """Fuses questions with frames and keeps their states, the least useful ones further away.

    Frames that were fused together share a handle; a question that wants some of them gives the
    others no weight. ``device_bytes`` and ``host_bytes`` are never exceeded by what is kept: room
    is made before states are. Where the model computes in the host's own memory there is one tier,
    under ``device_bytes``.
    """

    def __init__(self, device_bytes: int = 0, host_bytes: int = 0) -> None:
        self.device_bytes, self._host_bytes = device_bytes, host_bytes
        self._kept: dict[_Group, _Kept] = {}
        self._lock = threading.Lock()
        self._uses = 0

    @property
    def nbytes(self) -> int:
        """Bytes of all states that are kept."""
        return sum(kept.states.nbytes for kept in self._kept.values())

    @property
    def host_nbytes(self) -> int:
        """Bytes of those in host memory, apart from a device."""
        return sum(kept.states.nbytes for kept in self._kept.values() if kept.tier == "host")

    def missing(self, frames: Sequence[FrameKey]) -> list[FrameKey]:
        """Those of ``frames`` that have no states here at this moment. Any thread."""
        with self._lock:
            known = {frame for group in self._kept for frame in group}
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
        self._uses += 1
        parts: list[FusedSum] = []
        new = tuple(self.missing(list(weights)))
        groups = [group for group in self._kept if not weights.keys().isdisjoint(group)]
        for group in groups:
            kept = self._kept[group]
            kept.use = kept.use.used(self._uses)
            shares = [weights.get(frame, 0.0) for frame in group]
            parts.append(model.fuse(question, kept.states, shares, follows=follows))
        tier = self._settle(model, len(new) * model.spec.state_bytes)
        if new:
            stills = [pixels(frame) for frame in new]
            shares = [weights[frame] for frame in new]
            if tier == "gone":
                parts.append(model.fuse(question, stills, shares, follows=follows))
            else:
                states = model.states(stills)
                parts.append(model.fuse(question, states, shares, follows=follows))
                self._keep(model, new, states)
        total = parts[0]
        for part in parts[1:]:
            total += part
        return total

    def forget(self, recording_id: str) -> None:
        """Close what belongs to a recording."""
        for group in [g for g in self._kept if g[0].recording_id == recording_id]:
            self._drop(group)

    def _keep(self, model: VideoModel, group: _Group, states: States) -> None:
        with self._lock:
            self._kept[group] = _Kept(states, _NEVER.used(self._uses))
        self._settle(model, 0)

    def _settle(self, model: VideoModel, newcomer_bytes: int) -> Tier:
        """Put everything where it belongs, with room for a newcomer; gives the newcomer's tier."""
        groups = list(self._kept)
        holdings = [Holding(one.states.nbytes, one.use) for one in self._kept.values()]
        holdings.append(Holding(newcomer_bytes, _NEVER.used(self._uses)))
        *tiers, newcomer = place(
            holdings,
            device_bytes=self.device_bytes,
            host_bytes=self._host_bytes if model.spec.device_apart else 0,
            at=self._uses,
        )
        # What leaves a tier goes before what comes into it.
        for wanted in ("gone", "host", "device"):
            for group, tier in zip(groups, tiers, strict=True):
                if tier == wanted and tier != self._kept[group].tier:
                    self._move(group, tier)
        return newcomer

    def _move(self, group: _Group, tier: Tier) -> None:
        kept = self._kept[group]
        if tier == "gone":
            self._drop(group)
        elif tier == "host":
            kept.states.to_host()
        else:
            kept.states.to_device()
        kept.tier = tier

    def _drop(self, group: _Group) -> None:
        with self._lock:
            kept = self._kept.pop(group)
        kept.states.close()
