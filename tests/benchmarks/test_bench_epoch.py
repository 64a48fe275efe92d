"""The benchmark of growing recordings, at a size that takes a moment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.bench_epoch import measure, table_of
from streamvid.settings import Settings
from tests.streamvid.tiny_model import TinyModel
from tests.streamvid.watched import noise


def test_the_three_ways_are_asked_and_compared(tmp_path: Path) -> None:
    model = TinyModel(default_view_tokens=64, usable_context_tokens=2000)
    scenes = [[noise(10 * scene + i) for i in range(10)] for scene in range(6)]
    said: list[str] = []
    result = measure(
        tmp_path, lambda: model, scenes,
        settings=Settings(max_new_tokens=4), lengths_s=[10, 200], probes_s=[0, 3, 9],
        questions=["what ?", "is it red ?"], say=said.append,
    )  # fmt: skip
    assert len(said) == 2
    json.dumps(result)
    short, long = result["lengths"]["10"], result["lengths"]["200"]
    assert (short["frames"], long["frames"]) == (10, 200)
    assert short["answers"] == long["answers"] == 6
    # The first moment of all is the epoch's beginning: there all three ways are one.
    assert short["prefix_error_mean"] <= short["prefix_error_max"]
    assert long["prefix_error_max"] > 0
    assert long["sealed_answers"] > 0
    assert 0 <= long["same_text_as_exact"] <= 1
    assert long["view_tokens"] <= 64
    assert set(long["first_text_s"]) == {"sealed", "fresh", "exact"}
    assert result["epochs"] > 1
    assert result["extended_tokens"] > 0
    assert result["language_model"] == "tiny fp32"


def test_no_moment_is_no_table() -> None:
    with pytest.raises(IndexError):
        table_of([])
