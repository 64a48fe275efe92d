"""What clients are told of a live source: its state as it is, and each change as it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from apps.server.live_source import DISK_FULL, LiveWatched, told_status
from capture import SourceStatus as CaptureStatus
from memory import Counters
from streamvid.live import WatchEvent, WatchStatus

NOW_S = 10_000.0
LOST = CaptureStatus(
    "reconnecting", "lost", "the server ended the stream", since_s=3.0, attempt=2,
    next_attempt_in_s=11.2, last_frame_age_s=4.0, reconnects=1,
)  # fmt: skip
WELL = CaptureStatus("seeing", "frames", "", 8.0, 0, None, 0.2, 0)


def of_watch(source: CaptureStatus, *, trouble: str = "") -> WatchStatus:
    return WatchStatus(source, "front", Counters(), 0, 0, 0.0, 0.0, trouble)


def told(source: CaptureStatus, *, trouble: str = "") -> Any:
    return told_status("front", "a camera", of_watch(source, trouble=trouble), wall_s=NOW_S)


class Watch:
    """A watch in a state of its own; ``event`` is what it tells of it."""

    def __init__(self) -> None:
        self.source, self.failure = WELL, None
        self.recording_id, self.has_recording = "front", False
        self.tell: Any = None

    def status(self) -> WatchStatus:
        return of_watch(self.source)

    def event(self, state: str, reason: str, detail: str = "", *, wall_s: float = NOW_S) -> None:
        self.tell(WatchEvent("state", 0.0, wall_s, state=state, reason=reason, detail=detail))


def watched(heard: list[Any]) -> tuple[LiveWatched, Watch]:
    watch = Watch()

    def begin(tell: Any) -> Any:
        watch.tell = tell
        return watch

    return LiveWatched("front", "a camera", heard.append, begin, wall_s=lambda: NOW_S), watch


def test_a_reason_is_a_code_and_its_words_stand_beside_it():
    status = told(LOST)
    assert (status.state, status.reason) == ("reconnecting", "lost")
    assert status.detail == "the server ended the stream"
    assert status.since == NOW_S - 3
    assert told(WELL).detail == ""


def test_the_next_attempt_is_told_in_whole_seconds():
    assert (told(LOST).attempt, told(LOST).next_attempt_in_s) == (3, 12)
    under_way = told(replace(LOST, next_attempt_in_s=None))
    assert (under_way.attempt, under_way.next_attempt_in_s) == (3, None)


def test_a_source_that_is_seen_or_opened_for_the_first_time_has_no_attempts():
    first = CaptureStatus("connecting", "opening", "", 1.0, 0, None, None, 0)
    for source in (WELL, replace(WELL, attempt=4), first, replace(first, next_attempt_in_s=0.0)):
        assert (told(source).attempt, told(source).next_attempt_in_s) == (None, None)


def test_a_disk_that_takes_nothing_is_told_where_the_source_has_nothing_to_say():
    status = told(WELL, trouble="no space left in '/home/eye/memory.db'")
    assert (status.state, status.reason, status.detail) == ("seeing", "frames", DISK_FULL)
    assert "/home" not in str(status)
    assert told(LOST, trouble="no space left").detail == "the server ended the stream"


def test_each_change_is_told_as_it_was():
    heard: list[Any] = []
    source, watch = watched(heard)
    watch.source = replace(LOST, reason="stalled", detail="no picture for 20 s", since_s=0.0)
    watch.event("stalled", "stalled", "no picture for 20 s", wall_s=NOW_S - 0.01)
    watch.event("reconnecting", "stalled", "no picture for 20 s", wall_s=NOW_S - 0.01)
    assert [(one.state, one.reason, one.attempt) for one in heard] == [
        ("stalled", "stalled", None), ("reconnecting", "stalled", 3),
    ]  # fmt: skip
    assert all(one.since == NOW_S - 0.01 for one in heard)
    assert source.status().state == "reconnecting"


def test_a_status_does_not_overtake_the_changes_that_are_on_their_way():
    source, watch = watched([])
    watch.event("seeing", "frames", wall_s=NOW_S - 8)
    watch.source = replace(LOST, since_s=0.3)
    assert source.status().state == "seeing"
    assert (source.status().since, source.status().attempt) == (NOW_S - 8, None)
    watch.event("reconnecting", "lost", wall_s=NOW_S - 0.3)
    assert source.status() == replace(told(watch.source), recording_id="front")


def test_a_state_that_lasts_is_told_though_its_event_is_held_up():
    source, watch = watched([])
    watch.event("seeing", "frames")
    watch.source = LOST
    assert source.status().state == "reconnecting"


def test_a_watch_that_failed_is_refused_in_its_words():
    source, watch = watched([])
    watch.failure = "the model\ncould not be loaded"
    status = source.status()
    assert (status.state, status.reason) == ("refused", "failed")
    assert status.detail == "the model could not be loaded"
