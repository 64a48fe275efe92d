"""What an answer may say of its own exactness: a function of how it was made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Making:
    """How an answer was made; counts are of frames in the range, tokens of the whole context."""

    fused_frames: int
    range_frames: int
    range_ticks: int
    """Seconds that the range has in the recording, begun ones included."""
    preview_frames: int
    pending_s: int
    """Seconds of the range that nobody has looked at yet, beyond those that have a preview."""
    keys_only: bool
    """Whether only key frames of the video were watched."""
    merged_view: bool
    sealed_prefix: bool
    """Whether the context began with another prefix mean than the range's, or with lost frames."""
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
        (making.keys_only, "key frames only"),
        (making.preview_frames > 0, f"previews {making.preview_frames} of {making.range_ticks}"),
        (making.pending_s > 0, f"{making.pending_s} s not watched yet"),
        (making.rounded_range, "rounded range"),
        (making.history_kept, "history kept"),
        (making.context_tokens > making.trained_context_tokens, "past trained length"),
    )
    return tuple(words for holds, words in said if holds) or ("exact",)
