from __future__ import annotations

from dataclasses import replace

import pytest

from streamvid.answer.budgets import (
    LEAST_CONTEXT_BYTES,
    LEAST_STATES_BYTES,
    context_budget,
    states_budget,
)
from streamvid.settings import Settings
from tests.streamvid.tiny_model import TinyModel

SMALL = TinyModel().spec
LARGE = replace(
    SMALL,
    default_view_tokens=100_000,
    context_token_bytes=131_072,
    default_fusion_frames=64,
    state_bytes=9_450_000,
)
"""Sizes of an 8B model."""


def test_a_large_model_keeps_a_whole_view_and_two_questions_frames() -> None:
    assert context_budget(Settings(), LARGE) >= 100_000 * 131_072
    assert states_budget(Settings(), LARGE) == 2 * 64 * 9_450_000


def test_a_small_one_keeps_what_is_little_anyway() -> None:
    assert context_budget(Settings(), SMALL) == LEAST_CONTEXT_BYTES
    assert states_budget(Settings(), SMALL) == LEAST_STATES_BYTES


def test_fewer_tokens_and_frames_take_less() -> None:
    settings = Settings(view_tokens=10_000, fusion_frames=16)
    assert context_budget(settings, LARGE) < context_budget(Settings(), LARGE) / 8
    assert states_budget(settings, LARGE) == 2 * 16 * 9_450_000


@pytest.mark.parametrize("wanted", [0, 5_000])
def test_what_is_set_is_in_force(wanted: int) -> None:
    settings = Settings(context_bytes=wanted, states_bytes=wanted)
    assert context_budget(settings, LARGE) == states_budget(settings, LARGE) == wanted
