"""What fits on a device, and how, before anything is loaded: precision, batch, view, caches.

Everything is reckoned from the configuration (``cost``); nothing is measured. One frame a second of
each source is encoded once; one question at a time is answered from a context that is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from streamvid.model.errors import ModelError
from streamvid.model.llava_mini.config import LlavaMiniConfig
from streamvid.model.llava_mini.cost import PartCost, TowerShape, Work, context_token_bytes, costs

PrecisionChoice = Literal["bf16", "nf4"]
RUNTIME_BYTES = 1 << 30
"""What a CUDA context, its libraries' workspaces and a fragmented heap take."""
_LARGEST_BATCH = 64
PROMPT_TOKENS = 600
"""Prefix, question and answer."""
PREFIX_TOKENS = 64
"""Of a prompt, where no tokenizer tells; the golden checkpoints have 40 and 59."""
_FUSION_FRAMES = 64
_BATCH_SHARE = 0.12
"""Of what weights leave, at most so much goes to a batch's activations."""
_STATES_SHARE = 0.25
"""Of what is left then, at most so much goes to fusion states."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of a device: ``sources`` watched for ``hours`` each, one question at a time."""

    device_bytes: int
    hours: float
    sources: int = 1
    parts: int = 1
    flops_per_s: float = 50e12
    """Of products in bf16 that the device keeps up over a long batch."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that takes room on the device."""

    name: str
    nbytes: int
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What was chosen; ``items`` add up to ``total_bytes``."""

    precision: PrecisionChoice
    encode_batch: int
    view_tokens: int
    merged_view: bool
    """Whether the view holds fewer tokens than a source's frames have: older ones are merged."""
    fusion_frames: int
    """Frames whose pre-fusion states are kept on the device."""
    frames_per_s: float
    items: tuple[Item, ...]

    @property
    def total_bytes(self) -> int:
        """Everything on the device."""
        return sum(item.nbytes for item in self.items)


def make_plan(config: LlavaMiniConfig, tower: TowerShape, demand: Demand) -> Plan:
    """Choose precision and limits for ``demand``.

    bf16 where it leaves room for a view of all that a source shows and for all fusion states; 4
    bits where that buys more of either. Raises ModelError, with how much is short, where not even
    4 bits and one frame at a time fit.
    """
    small = _plan_in("nf4", config, tower, demand)
    try:
        large = _plan_in("bf16", config, tower, demand)
    except ModelError:
        return small
    costs_nothing = (large.view_tokens, large.fusion_frames) == (
        small.view_tokens,
        small.fusion_frames,
    )
    return large if costs_nothing else small


def _plan_in(
    precision: PrecisionChoice, config: LlavaMiniConfig, tower: TowerShape, demand: Demand
) -> Plan:
    work = Work(frames=1, parts=demand.parts, text_tokens=PROMPT_TOKENS)
    parts = costs(config, tower, work, quantized=precision == "nf4")
    weights = sum(part.weight_bytes for part in parts)
    by_name = {part.name: part for part in parts}
    frame_bytes = sum(part.activation_bytes for part in _of_a_frame(parts))
    # Four bits are widened one matrix at a time.
    widened = 2 * _largest_matrix(config) if precision == "nf4" else 0
    prompt_bytes = by_name["language model"].activation_bytes + widened
    token_bytes = context_token_bytes(config.language)
    least = weights + RUNTIME_BYTES + frame_bytes + prompt_bytes
    least += (PROMPT_TOKENS + config.tokens_per_frame) * token_bytes
    if least > demand.device_bytes:
        raise ModelError(
            f"{_gb(least)} are needed for weights in {precision}, one frame and a prompt;"
            f" the device has {_gb(demand.device_bytes)}: take a smaller model or a larger device"
        )
    room = demand.device_bytes - weights - RUNTIME_BYTES - prompt_bytes
    batch = 1
    while batch < _LARGEST_BATCH and 2 * batch * frame_bytes <= _BATCH_SHARE * room:
        batch *= 2
    room -= batch * frame_bytes
    # A frame is encoded, and its states hold it, with the prefix alone; questions come later.
    encoding = costs(config, tower, Work(parts=demand.parts, text_tokens=PREFIX_TOKENS))
    state_bytes = max(1, next(p.cache_bytes for p in encoding if p.name == "pre-fusion"))
    fused = min(_FUSION_FRAMES, round(_STATES_SHARE * room) // state_bytes)
    room -= fused * state_bytes
    seen_tokens = round(demand.hours * 3600) * config.tokens_per_frame
    longest = min(seen_tokens, config.language.max_position_embeddings - PROMPT_TOKENS)
    view = max(0, min(longest, room // token_bytes - PROMPT_TOKENS))
    items = (
        Item("weights", weights, f"language model and pre-fusion in {precision}, the rest bf16"),
        Item("runtime", RUNTIME_BYTES, "the device's own libraries"),
        Item("a batch of frames", batch * frame_bytes, f"{batch} at a time"),
        Item("a prompt under way", prompt_bytes, f"{PROMPT_TOKENS} tokens"),
        Item("context", (view + PROMPT_TOKENS) * token_bytes, _why_view(view, seen_tokens)),
        Item("fusion states", fused * state_bytes, f"{fused} frames kept between questions"),
    )
    flops = sum(part.flops for part in _of_a_frame(encoding))
    return Plan(
        precision=precision,
        encode_batch=batch,
        view_tokens=view,
        merged_view=view < seen_tokens,
        fusion_frames=fused,
        frames_per_s=demand.flops_per_s / flops,
        items=items,
    )


def _of_a_frame(parts: list[PartCost]) -> list[PartCost]:
    """What runs for each frame: everything ahead of the language model."""
    return [part for part in parts if part.name != "language model"]


def _largest_matrix(config: LlavaMiniConfig) -> int:
    return config.language.hidden_size * config.language.intermediate_size


def _why_view(view: int, seen: int) -> str:
    if view >= seen:
        return f"{view} tokens: all that a source shows, unmerged"
    return f"{view} of {seen} tokens; older frames are merged"


def _gb(nbytes: int) -> str:
    return f"{nbytes / 1e9:.1f} GB"
