"""Exactness, room and ranges: functions of plain values."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamvid.answer.exactness import Making, exactness_of
from streamvid.answer.room import SMALLEST_VIEW_FRAMES, history_room, view_room
from streamvid.answer.span import TimeRange, bounds
from streamvid.errors import QuestionTooLongError, RangeError
from streamvid.settings import Settings
from tests.streamvid.tiny_model import TinyModel

EXACT = Making(
    fused_frames=9, range_frames=9, range_ticks=12, preview_frames=0, pending_s=0,
    keys_only=False, merged_view=False, sealed_prefix=False, rounded_range=False,
    history_kept=False, context_tokens=100, trained_context_tokens=100,
)  # fmt: skip


def test_nothing_approximated_is_exact() -> None:
    assert exactness_of(EXACT) == ("exact",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fused_frames": 4}, "bounded 4 of 9"),
        ({"merged_view": True}, "merged view"),
        ({"sealed_prefix": True}, "sealed prefix"),
        ({"keys_only": True}, "key frames only"),
        ({"preview_frames": 3}, "previews 3 of 12"),
        ({"pending_s": 46}, "46 s not watched yet"),
        ({"rounded_range": True}, "rounded range"),
        ({"history_kept": True}, "history kept"),
        ({"context_tokens": 101}, "past trained length"),
    ],
)
def test_each_approximation_is_said(change: dict[str, int], words: str) -> None:
    assert exactness_of(replace(EXACT, **change)) == (words,)
    both = exactness_of(replace(EXACT, **{"merged_view": True, "history_kept": True, **change}))
    assert words in both
    assert "exact" not in both


@settings(deadline=None)
@given(
    question=st.integers(1, 2000),
    history=st.integers(0, 600),
    wanted=st.none() | st.integers(1, 3000),
)
def test_the_view_fits_beside_the_question_or_is_refused(
    question: int, history: int, wanted: int | None
) -> None:
    spec = TinyModel().spec
    left = spec.usable_context_tokens - spec.prefix_tokens - question - history
    if left < SMALLEST_VIEW_FRAMES * spec.tokens_per_frame:
        with pytest.raises(QuestionTooLongError, match=rf"^[^\n]*takes {question} tokens[^\n]*$"):
            view_room(spec, question, history_tokens=history, wanted_tokens=wanted)
        return
    room = view_room(spec, question, history_tokens=history, wanted_tokens=wanted)
    assert SMALLEST_VIEW_FRAMES <= room <= left
    assert room <= max(wanted or spec.default_view_tokens, SMALLEST_VIEW_FRAMES)


def test_questions_of_like_length_leave_the_same_room() -> None:
    spec = TinyModel().spec
    rooms = {view_room(spec, question, wanted_tokens=400) for question in range(121, 181)}
    assert len(rooms) == 1


def test_history_takes_at_most_a_quarter_of_a_small_context() -> None:
    spec = TinyModel(usable_context_tokens=400).spec
    assert history_room(spec, 512) == 100
    assert history_room(spec, 50) == 50


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        (TimeRange(), (0, 100)),
        (TimeRange(10), (10, 100)),
        (TimeRange(10, 20), (10, 20)),
        (TimeRange(last_s=30), (70, 100)),
        (TimeRange(last_s=300), (0, 100)),
        (TimeRange(end_s=50, last_s=30), (20, 50)),
        (TimeRange(end_s=500), (0, 500)),
    ],
)
def test_a_range_is_resolved(within: TimeRange, expected: tuple[float, float]) -> None:
    assert bounds(within, 100.0) == expected


@pytest.mark.parametrize(
    "given",
    [
        {"start_s": -1}, {"start_s": float("nan")}, {"end_s": float("inf")}, {"last_s": 0},
        {"start_s": 5, "end_s": 5}, {"end_s": 0}, {"start_s": 1, "last_s": 3},
    ],
)  # fmt: skip
def test_a_range_that_cannot_be_is_refused_in_one_line(given: dict[str, float]) -> None:
    with pytest.raises(RangeError, match="pass") as caught:
        TimeRange(**given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("start_s", "end_s", "words"),
    [
        (120, 60, "range ends at 1:00, not after its start at 2:00; pass an end"),
        (5.5, 5.25, "range ends at 0:05.25, not after its start at 0:05.5; pass"),
        (3661, 0.999999, "range ends at 0:01, not after its start at 1:01:01; pass"),
    ],
)
def test_a_range_that_ends_before_its_start_is_told_as_people_write_times(
    start_s: float, end_s: float, words: str
) -> None:
    with pytest.raises(RangeError, match=f"^{words}"):
        TimeRange(start_s, end_s)


def test_a_range_behind_the_recordings_end_is_refused() -> None:
    with pytest.raises(RangeError, match="begins at 2:00, the recording ends at 1:40"):
        bounds(TimeRange(120), 100.0)


def test_only_a_range_that_leaves_nothing_out_is_everything() -> None:
    assert TimeRange().everything
    assert not TimeRange(1).everything
    assert not TimeRange(end_s=9).everything
    assert not TimeRange(last_s=9).everything


@pytest.mark.parametrize(
    "wrong",
    [
        {"fusion": "some"}, {"fusion_frames": 0}, {"view_tokens": 0}, {"temperature": -1},
        {"top_p": 0}, {"still_quality": 101}, {"commit_s": 0}, {"history_tokens": -1},
        {"edges": "x"}, {"sampling": "x"}, {"weighting": "x"}, {"view_policy": "x"},
        {"max_new_tokens": 0},
    ],
)  # fmt: skip
def test_a_setting_out_of_range_names_itself(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=rf"^{next(iter(wrong))} is .*; pass "):
        Settings(**wrong)  # type: ignore[arg-type]
