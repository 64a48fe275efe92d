"""How many tokens the view may take beside prompt, question and history, before anything runs."""

from __future__ import annotations

from streamvid.errors import QuestionTooLongError
from streamvid.model.seam import ModelSpec

SMALLEST_VIEW_FRAMES = 4
STEP_TOKENS = 64
"""A view that has to shrink does so in steps, so that questions of like length share a context."""


HISTORY_SHARE = 4
"""A conversation keeps at most one in so many tokens of the context for what was said."""


def history_room(spec: ModelSpec, wanted_tokens: int) -> int:
    """Tokens that earlier turns may take: what is wanted, or a quarter of a small context."""
    return min(wanted_tokens, spec.usable_context_tokens // HISTORY_SHARE)


def view_room(
    spec: ModelSpec, question_tokens: int, *, history_tokens: int = 0, wanted_tokens: int | None
) -> int:
    """Tokens for the view: what is wanted, or what is left beside a question that is never cut.

    ``wanted_tokens``: the most, ``None`` for the model's default. Raises ``QuestionTooLongError``
    where not even a view of ``SMALLEST_VIEW_FRAMES`` fits.
    """
    smallest = SMALLEST_VIEW_FRAMES * spec.tokens_per_frame
    left = spec.usable_context_tokens - spec.prefix_tokens - question_tokens - history_tokens
    if left < smallest:
        most = spec.usable_context_tokens - spec.prefix_tokens - smallest
        beside = f" beside {history_tokens} of earlier turns" if history_tokens else ""
        raise QuestionTooLongError(
            f"question takes {question_tokens} tokens{beside}, and {max(most, 0)} fit; shorten it"
        )
    wanted = max(wanted_tokens or spec.default_view_tokens, smallest)
    if wanted <= left:
        return wanted
    return max(left // STEP_TOKENS * STEP_TOKENS, smallest)
