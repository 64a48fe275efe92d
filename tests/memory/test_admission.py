from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from memory.admission import check_batch, check_previews
from memory.errors import CommitRefusedError
from memory.rows import Batch, Counters, EventRow, FrameRow, GapRow, TickSpan
from tests.memory.frames import GEOMETRY, batch_of, frame_at


def refuse(batch: Batch, *settled: TickSpan, match: str) -> None:
    with pytest.raises(CommitRefusedError, match=match) as caught:
        check_batch(batch, GEOMETRY, settled)
    assert "\n" not in str(caught.value)


def one(frame: FrameRow) -> Batch:
    return Batch(TickSpan(0, 64), (frame,))


def test_a_sound_batch_passes() -> None:
    check_batch(batch_of(0, 200), GEOMETRY, [])
    check_batch(batch_of(64, 70), GEOMETRY, [TickSpan(0, 3), TickSpan(192, 256)])
    check_batch(batch_of(70, 80), GEOMETRY, [TickSpan(64, 70)])


@pytest.mark.parametrize("span", [TickSpan(-1, 3), TickSpan(3, 3), TickSpan(4, 3)])
def test_a_span_has_ticks(span: TickSpan) -> None:
    refuse(Batch(span), match="are no span")


def test_settled_ticks_stay_as_they_are() -> None:
    refuse(batch_of(8, 12), TickSpan(0, 10), match="ticks 8 to 9 are settled already")


def test_a_block_is_settled_from_its_first_tick() -> None:
    refuse(batch_of(70, 72), TickSpan(0, 64), match="begin at 64")
    refuse(batch_of(70, 72), TickSpan(0, 68), match="begin at 68")


def test_a_frame_lies_in_its_batch() -> None:
    refuse(Batch(TickSpan(0, 5), (frame_at(5),)), match="outside the batch's ticks 0 to 4")


def test_frames_come_in_order_one_a_tick() -> None:
    refuse(Batch(TickSpan(0, 5), (frame_at(2), frame_at(1))), match="commit frames in order")
    refuse(Batch(TickSpan(0, 5), (frame_at(2), frame_at(2))), match="one a tick")


@pytest.mark.parametrize("name", ["tokens", "embedding", "fused_prefix"])
def test_shapes_are_the_recordings(name: str) -> None:
    frame = frame_at(1)
    longer = np.concatenate([getattr(frame, name)] * 2)
    refuse(one(dataclasses.replace(frame, **{name: longer})), match="this recording has")


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e9])
@pytest.mark.parametrize("name", ["tokens", "embedding", "fused_prefix"])
def test_a_number_that_would_spoil_sums_is_refused(name: str, value: float) -> None:
    frame = frame_at(1)
    spoilt = getattr(frame, name).astype(np.float32)
    spoilt.flat[-1] = value
    refuse(one(dataclasses.replace(frame, **{name: spoilt})), match="beyond float16")


@pytest.mark.parametrize("t_s", [0.99, 2.0, -1.0])
def test_a_time_lies_in_its_tick(t_s: float) -> None:
    refuse(one(dataclasses.replace(frame_at(1), t_s=t_s)), match="is not in tick 1")


def test_a_frame_has_a_still() -> None:
    refuse(one(dataclasses.replace(frame_at(1), still=b"")), match="has no still")


@pytest.mark.parametrize(
    "gap",
    [
        GapRow(3.0, 3.0, "lost"),
        GapRow(-1.0, 3.0, "lost"),
        GapRow(1.0, float("inf"), "lost"),
        GapRow(1.0, float("nan"), "lost"),
        GapRow(1.0, 2.0, ""),
    ],
)
def test_a_gap_has_ends_and_a_reason(gap: GapRow) -> None:
    refuse(Batch(TickSpan(0, 5), gaps=(gap,)), match="give both ends and why")


def test_an_event_has_a_time_and_a_kind() -> None:
    refuse(Batch(TickSpan(0, 5), events=(EventRow(float("nan"), "x"),)), match="needs a time")
    refuse(Batch(TickSpan(0, 5), events=(EventRow(1.0, ""),)), match="and a kind")


def test_counters_add_up() -> None:
    refuse(Batch(TickSpan(0, 5), counters=Counters(expected=5, seen=4)), match="do not add up")


def test_previews_of_settled_ticks_are_left_out() -> None:
    rows = check_previews(map(frame_at, (1, 5, 9)), GEOMETRY, [TickSpan(4, 6)])
    assert [row.tick for row in rows] == [1, 9]
