"""The bookkeeping between a live source and the disk."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory import Counters, EventRow, FrameRow, GapRow, TickSpan, tally
from streamvid.live.backlog import MOST_EVENTS, Backlog


def row(tick: int) -> FrameRow:
    return FrameRow(
        tick, tick + 0.25, np.zeros((1, 2), np.float16), np.zeros(2), np.zeros((1, 2), np.float32),
        b"still",
    )  # fmt: skip


steps = st.lists(
    st.sampled_from(["seen", "covered", "stalled", "dropped", "commit", "shed"]), max_size=80
)


@given(steps, st.integers(0, 500))
def test_every_tick_goes_out_once_however_commits_fall(steps: list[str], first: int) -> None:
    backlog, tick = Backlog(first), first
    total, spans = Counters(), list[TickSpan]()
    frames: list[int] = []
    told: dict[int, str] = {}
    truth: dict[int, str] = {}

    def commit() -> None:
        nonlocal total
        batch = backlog.batch()
        if batch is None:
            return
        ticks = [frame.tick for frame in batch.frames]
        total = total.plus(tally(batch.span, ticks, batch.gaps))
        frames.extend(ticks)
        spans.append(batch.span)
        for gap in batch.gaps:
            told.update((t, gap.reason) for t in range(round(gap.start_s), round(gap.end_s)))
        backlog.committed()

    for step in steps:
        if step == "commit":
            commit()
        elif step == "shed":
            waiting = [t for t, what in truth.items() if what == "seen" and t >= backlog.next_tick]
            assert backlog.shed(1) == max(0, len(waiting) - 1)
            truth.update(dict.fromkeys(waiting[:-1], "dropped"))
        else:
            if step == "seen":
                backlog.frame(row(tick))
            elif step != "covered":
                backlog.gap(GapRow(tick, tick + 1, step))
            truth[tick] = step
            tick += 1
    backlog.settle(tick)
    commit()
    count = list(truth.values()).count
    assert total == Counters(
        expected=len(truth), seen=count("seen"), covered=count("covered"),
        dropped=count("dropped"), gapped=count("stalled"),
    )  # fmt: skip
    assert frames == [t for t, what in truth.items() if what == "seen"]
    assert told == {t: what for t, what in truth.items() if what in ("stalled", "dropped")}
    # Spans follow each other without a hole.
    ends = [first, *(span.end_tick for span in spans)]
    assert ends == [*(span.first_tick for span in spans), tick]


def test_touching_gaps_of_one_reason_are_one_row() -> None:
    backlog = Backlog(0)
    for tick in range(5):
        backlog.gap(GapRow(tick, tick + 1, "stalled" if tick < 3 else "connecting"))
    batch = backlog.batch()
    assert batch is not None
    assert batch.gaps == (GapRow(0, 3, "stalled"), GapRow(3, 5, "connecting"))


def test_nothing_settled_is_no_commit_and_events_wait_for_one() -> None:
    backlog = Backlog(7)
    backlog.event(EventRow(7.0, "connecting"))
    assert backlog.batch() is None
    backlog.frame(row(7))
    batch = backlog.batch()
    assert batch is not None
    assert [event.kind for event in batch.events] == ["connecting"]


def test_waiting_events_are_bounded() -> None:
    backlog = Backlog(0)
    for place in range(2 * MOST_EVENTS):
        backlog.event(EventRow(0.0, "state", str(place)))
    backlog.settle(1)
    batch = backlog.batch()
    assert batch is not None
    assert [e.detail for e in batch.events] == [str(n) for n in range(MOST_EVENTS, 2 * MOST_EVENTS)]


def test_a_tick_that_is_settled_is_refused() -> None:
    backlog = Backlog(3)
    with pytest.raises(ValueError, match="settled up to 3"):
        backlog.frame(row(2))
    backlog.frame(row(3))
    with pytest.raises(ValueError, match="settled up to 4"):
        backlog.gap(GapRow(3, 5, "stalled"))
