"""The frames that the reference takes of a video."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamvid.model.errors import ModelError
from streamvid.model.llava_mini.frame_choice import one_a_second, spread_frames
from tests.streamvid.model.llava_mini import golden


def test_frames_are_the_references() -> None:
    path = golden.folder() / "frame-sampling.json"
    if not path.exists():
        pytest.skip(f"{path} is missing")
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert rows
    for row in rows:
        total, fps = row["total_frames"], row.get("fps")
        mine = one_a_second(total, fps) if fps else spread_frames(total, row["wanted"])
        assert mine == row["index"]


def test_under_a_second_is_refused() -> None:
    with pytest.raises(ModelError, match="under one second"):
        one_a_second(10, 25.0)


@given(total=st.integers(1, 5000), fps=st.floats(0.2, 120))
def test_frames_are_in_order_and_within_the_video(total: int, fps: float) -> None:
    if total // fps < 1:
        return
    chosen = one_a_second(total, fps)
    assert len(chosen) == min(int(total // fps), total)
    assert chosen == sorted(chosen)
    assert 0 <= chosen[0] <= chosen[-1] < total
