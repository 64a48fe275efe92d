"""What an answer may say of its own exactness: a function of how it was made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Making:
    """How an answer was made; counts are of frames in the range, tokens of the whole context."""

    fused_frames: int
    range_frames: int
    preview_frames: int
    pending: bool
    """Whether ingest has yet to look at a part of the range."""
    merged_view: bool
    sealed_prefix: bool
    rounded_range: bool
    history_kept: bool
    context_tokens: int
    trained_context_tokens: int


def exactness_of(making: Making) -> tuple[str, ...]:
    """``("exact",)``, or each approximation that touched the answer, in a fixed order."""
    said = (
        (
            making.fused_frames < making.range_frames,
            f"bounded {making.fused_frames} of {making.range_frames}",
        ),
        (making.merged_view, "merged view"),
        (making.sealed_prefix, "sealed prefix"),
        (
            making.preview_frames > 0 or making.pending,
            f"previews {making.preview_frames} of {making.range_frames}",
        ),
        (making.rounded_range, "rounded range"),
        (making.history_kept, "history kept"),
        (making.context_tokens > making.trained_context_tokens, "past trained length"),
    )
    return tuple(words for holds, words in said if holds) or ("exact",)
