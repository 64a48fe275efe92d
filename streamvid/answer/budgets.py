"""What may be kept of a model's work between questions, where nobody has set it."""

from __future__ import annotations

from streamvid.model.seam import ModelSpec
from streamvid.settings import Settings

LEAST_CONTEXT_BYTES = 256 * 2**20
"""Five whole views of nano: the recordings that are asked by turns."""
LEAST_STATES_BYTES = 64 * 2**20
"""Fifteen questions' frames of nano. Making those of one anew takes it 0.1 s, and whoever asks for
hours fills whatever is allowed here."""
ANSWER_TOKENS = 1024
"""Question, history and answer behind a view, generously."""


def context_budget(settings: Settings, spec: ModelSpec) -> int:
    """Bytes of contexts: a whole view can be kept, or every question would read it again."""
    if settings.context_bytes is not None:
        return settings.context_bytes
    view_tokens = settings.view_tokens or spec.default_view_tokens
    return max(LEAST_CONTEXT_BYTES, (view_tokens + ANSWER_TOKENS) * spec.context_token_bytes)


def states_budget(settings: Settings, spec: ModelSpec) -> int:
    """Bytes of pre-fusion states: the frames of this question and of the one before."""
    if settings.states_bytes is not None:
        return settings.states_bytes
    return max(LEAST_STATES_BYTES, 2 * fusion_frames(settings, spec) * spec.state_bytes)


def fusion_frames(settings: Settings, spec: ModelSpec) -> int:
    """Most frames that a bounded question is fused with: what is set, or what the model wants."""
    return settings.fusion_frames or spec.default_fusion_frames
