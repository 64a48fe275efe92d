"""Settings of ingest, engine and answers: one frozen value, checked when it is built.

Apps build it once from defaults, file, environment and flags; nothing below apps reads those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Fusion = Literal["bounded", "full"]
Weighting = Literal["span", "focus"]
ViewPolicy = Literal["uniform", "merge-similar"]
Edges = Literal["refuse", "round"]
SearchIndex = Literal["flat", "faiss"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set in this layer; raises ``ValueError`` on a value out of range.

    ``None`` means the model's own default (its ``ModelSpec``).
    """

    fusion: Fusion = "bounded"
    """``full`` fuses the question with every frame of the range: the reference path."""
    fusion_frames: int | None = None
    """F: most frames that a question is fused with."""
    weighting: Weighting = "span"
    """How fused frames count: by the seen seconds nearest to each, or equally."""
    view_tokens: int | None = None
    """Most vision tokens of a view."""
    view_policy: ViewPolicy = "merge-similar"
    """How a view that does not fit is merged."""
    edges: Edges = "refuse"
    """A range that cuts a block: fuse its edge frames anew, or round to whole blocks and say so."""
    max_new_tokens: int = 64
    """Longest answer."""
    temperature: float = 0.0
    """0 answers greedily, the same each time."""
    top_p: float = 1.0
    """Share of probability that is sampled from where temperature is above 0."""
    seed: int = 0
    """Seed of sampling."""
    search_index: SearchIndex = "flat"
    """What looks moments up: a plain product, or faiss; both are exact."""
    evidence_moments: int = 3
    """Most moments shown beside an answer."""
    moment_separation_s: float | None = None
    """Least distance of two moments; ``None``: a share of the range, 10 s at most."""
    history_tokens: int = 512
    """Most tokens of earlier turns that a conversation keeps; the oldest turn goes first."""
    states_bytes: int | None = None
    """Budget for kept pre-fusion keys and values, on the device that the model computes on;
    ``None``: two questions' frames, 64 MiB at least."""
    states_host_bytes: int = 2 * 2**30
    """The same in host memory, for what has no place on a device with memory of its own."""
    context_bytes: int | None = None
    """Budget for kept contexts (KV caches) between questions; ``None``: one whole view with its
    answer, 256 MiB at least."""
    epoch_drift: float = 0.05
    """Of a growing recording: how far the prefix mean may move, as a share of its length, before a
    context is made anew; 0 does so for every new frame until the view has been full once."""
    prefill_chunk_tokens: int | None = None
    """View tokens prefilled in one job; ingest and other questions get a turn in between."""
    fuse_step_frames: int | None = None
    """Frames fused in one job."""
    still_quality: int = 90
    """JPEG quality of stills, 1 to 100."""
    lossless_stills: bool = False
    """PNG instead of JPEG: for parity tests."""
    sampling: Literal["tick", "keys"] = "tick"
    """One frame a second, or key frames alone."""
    commit_s: float = 5.0
    """Longest wall time between two commits of an ingest."""
    commit_frames: int = 64
    """Most frames in a commit."""
    two_pass_min_s: float = 600.0
    """A file longer than this is previewed first."""
    preview_frames: int = 1024
    """Most previews."""
    decoded_queue_frames: int = 16
    """Decoded frames that wait for the model; the decoder waits when it is full."""
    waiting_questions: int = 32
    """Questions that may wait; further ones are refused."""
    waiting_live_frames: int = 16
    """Live frames of one source that may wait; its oldest is dropped and counted."""
    live_late_s: float = 4.0
    """A live frame older than this alternates with decode steps."""
    attach_poll_s: float = 0.5
    """How often an attached ``ingest`` looks at the other's progress."""

    def __post_init__(self) -> None:
        positive = (
            "max_new_tokens", "evidence_moments", "commit_s", "commit_frames", "preview_frames",
            "decoded_queue_frames", "waiting_questions", "waiting_live_frames", "live_late_s",
            "attach_poll_s",
        )  # fmt: skip
        for name in positive:
            _need(getattr(self, name) > 0, name, getattr(self, name), "more than 0")
        for name in (
            "history_tokens",
            "states_host_bytes",
            "two_pass_min_s",
            "epoch_drift",
        ):
            _need(getattr(self, name) >= 0, name, getattr(self, name), "0 or more")
        for name in ("states_bytes", "context_bytes"):
            value = getattr(self, name)
            _need(value is None or value >= 0, name, value, "0 or more")
        optional = (
            "fusion_frames", "view_tokens", "moment_separation_s", "prefill_chunk_tokens",
            "fuse_step_frames",
        )  # fmt: skip
        for name in optional:
            value = getattr(self, name)
            _need(value is None or value > 0, name, value, "more than 0")
        _need(self.temperature >= 0, "temperature", self.temperature, "0 or more")
        _need(0 < self.top_p <= 1, "top_p", self.top_p, "above 0, at most 1")
        _need(1 <= self.still_quality <= 100, "still_quality", self.still_quality, "1 to 100")
        choices = {
            "fusion": ("bounded", "full"),
            "weighting": ("span", "focus"),
            "view_policy": ("uniform", "merge-similar"),
            "edges": ("refuse", "round"),
            "search_index": ("flat", "faiss"),
            "sampling": ("tick", "keys"),
        }
        for name, allowed in choices.items():
            _need(getattr(self, name) in allowed, name, getattr(self, name), " or ".join(allowed))


def _need(holds: bool, name: str, value: object, wanted: str) -> None:
    if not holds:
        raise ValueError(f"{name} is {value!r}; pass {wanted}")
