"""A live source's state over simulated hours: no process, no clock but the test's own."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from capture import Frame, Gap, LiveSettings, SourceEvent
from capture.live_messages import Failed, Note, Opened, Picture
from capture.live_state import LiveState
from capture.thumbnail import thumbnail

SETTINGS = LiveSettings()


class Camera:
    """A camera and the state that watches it, in simulated time from 1000 s on."""

    def __init__(self, first_tick: int = 0, *, film_end_s: float | None = None) -> None:
        self.now_s = 1000.0
        self.state = LiveState(
            SETTINGS,
            self.now_s,
            first_tick=first_tick,
            is_finite=film_end_s is not None,
            wall_s=lambda: self.now_s,
            chance=lambda: 0.5,
        )
        self.first_tick = first_tick
        self.film_start_s = None if film_end_s is None else 400.0  # it begins at 600 s of its own
        if film_end_s is not None:
            self.state.take(Opened("h264", (64, 36), film_end_s=600 + film_end_s), self.now_s)
        self.got: list = []
        self.gap_ages_s: list[float] = []
        self.number = 0

    def pass_s(self, seconds: float, *, fps: float = 0.0, reads: bool = True) -> None:
        """Time goes by in quarter seconds; pictures come if ``fps``."""
        for _ in range(round(seconds * 4)):
            self.now_s += 0.25
            self.state.due(self.now_s)
            if fps and self.state.watch.is_connected:
                self.show()
            if reads:
                self.read()
            counts = self.state.counters(self.now_s)
            assert counts.expected == (
                counts.seen + counts.covered + counts.dropped + counts.gapped + counts.pending
            )

    def show(self) -> None:
        """A picture arrives now, as the child would choose it: the first of its tick."""
        origin_s = self.now_s if self.state.origin_s is None else self.state.origin_s
        tick = int(self.now_s - origin_s)
        if self.first_tick + tick >= self.state.queue.planned_end:
            self.number += 1
            pixels = np.full((36, 64, 3), self.number % 251, np.uint8)
            self.state.take(
                Picture(
                    pixels,
                    tick,
                    origin_s,
                    at_s=self.now_s,
                    received_s=self.now_s,
                    wall_s=self.now_s,
                    interval_s=0.25,
                    film_start_s=self.film_start_s,
                ),
                self.now_s,
            )

    def read(self) -> None:
        while (item := self.state.queue.take()) is not None:
            self.got.append(item)
            if isinstance(item, Gap):
                passed_s = self.now_s - self.state.origin_s + self.first_tick
                self.gap_ages_s.append(passed_s - item.end_s)

    @property
    def gaps(self) -> list[Gap]:
        return [item for item in self.got if isinstance(item, Gap)]

    def check(self) -> None:
        self.state.stop(self.now_s)
        self.read()
        next_tick = self.first_tick
        for item in self.got:
            if isinstance(item, Frame):
                assert item.tick >= next_tick
                next_tick = item.tick + 1
            elif isinstance(item, Gap):
                assert item.start_s >= next_tick
                next_tick = int(item.end_s)
        counts = self.state.counters(self.now_s)
        assert counts.pending == 0
        assert counts.expected == self.state.queue.settled_end - self.first_tick


def test_an_hour_of_sight_an_hour_of_blindness_and_sight_again() -> None:
    camera = Camera()
    camera.pass_s(1)
    camera.pass_s(3600, fps=4)
    camera.state.take(Failed("lost"), camera.now_s)
    camera.pass_s(3600)  # each attempt finds nothing
    camera.pass_s(120, fps=4)  # the next attempt may be 60 s away
    camera.check()
    counts = camera.state.counters(camera.now_s)
    assert 3600 + 59 <= counts.seen <= 3600 + 121
    assert 3590 <= counts.gapped <= 3600 + 61
    assert {gap.reason for gap in camera.gaps} == {"no signal"}
    assert max(gap.end_s - gap.start_s for gap in camera.gaps) == 1.0  # piece by piece
    assert max(camera.gap_ages_s) <= 1.0  # while it lasts


def test_blindness_before_the_first_picture_has_no_time_unless_a_recording_goes_on() -> None:
    new = Camera()
    new.pass_s(100)
    assert new.gaps == []
    assert new.state.counters(new.now_s).expected == 0
    old = Camera(first_tick=500)
    old.pass_s(100)
    old.check()
    assert (old.gaps[0].start_s, old.gaps[-1].end_s) == (500.0, 600.0)
    assert {gap.reason for gap in old.gaps} == {"connecting", "no signal"}


def test_a_stall_is_told_with_its_reason_and_within_its_limit() -> None:
    camera = Camera()
    camera.pass_s(10, fps=4)
    camera.pass_s(21)
    events = [item for item in camera.got if isinstance(item, SourceEvent)]
    stalled = next(event for event in events if event.state == "stalled")
    assert 28 <= stalled.t_s <= 31
    assert camera.gaps[0].start_s == 12.0  # two seconds are covered
    assert {gap.reason for gap in camera.gaps} == {"stalled"}


def test_a_film_is_blind_up_to_its_end_and_no_further() -> None:
    film = Camera(film_end_s=30.6)
    film.pass_s(10, fps=4)
    film.state.lose("child died", "", film.now_s)
    film.pass_s(30)
    assert film.state.counters(film.now_s).expected == 30  # what has passed of it for certain
    film.state.take(Failed("end", end_s=1000.25 + 30.5), film.now_s)
    film.check()
    assert film.state.watch.reason == "end"
    assert film.state.counters(film.now_s).expected == 31
    assert {gap.reason for gap in film.gaps} == {"restarted"}
    assert film.gaps[-1].end_s == 31.0


def test_a_film_without_an_end_in_its_header_is_blind_as_a_camera_is() -> None:
    film = Camera(film_end_s=0.0)
    film.state.take(Opened("h264", (64, 36)), film.now_s)
    film.pass_s(10, fps=4)
    film.state.lose("child died", "", film.now_s)
    film.pass_s(5)
    assert film.state.watch.state == "reconnecting"
    assert film.gaps[-1].end_s >= 14.0


def test_what_the_child_says_is_in_the_status() -> None:
    camera = Camera()
    camera.pass_s(1)
    camera.state.take(Opened("h264", (640, 480), ignored_options=("timeout",)), camera.now_s)
    camera.state.take(Note("decoding", "keys", keys_only=True), camera.now_s)
    camera.state.take(Note("clock", "anew"), camera.now_s)
    camera.pass_s(2, fps=4)
    status = camera.state.status(camera.now_s, 7)
    assert (status.codec, status.coded, status.kept) == ("h264", (640, 480), (64, 36))
    assert (status.keys_only, status.anchors, status.child_pid) == (True, 1, 7)
    reasons = [item.reason for item in camera.got if isinstance(item, SourceEvent)]
    assert "options" in reasons


steps = st.lists(
    st.tuples(
        st.sampled_from(["sight", "blind", "lost", "refused", "audio only", "busy"]),
        st.integers(1, 40),
    ),
    max_size=12,
)


@given(steps, st.sampled_from([0, 77]))
def test_the_sums_hold_whatever_a_camera_does(steps, first_tick) -> None:
    camera = Camera(first_tick)
    for what, seconds in steps:
        match what:
            case "sight":
                camera.pass_s(seconds, fps=4)
            case "blind":
                camera.pass_s(seconds)
            case "busy":
                camera.pass_s(seconds, fps=4, reads=False)
            case _:
                camera.state.take(Failed(what), camera.now_s)
    camera.check()


def test_thumbnails_tell_pictures_apart_and_not_copies() -> None:
    chance = np.random.default_rng(1)
    one = chance.integers(0, 256, (336, 598, 3), np.uint8)
    assert thumbnail(one) == thumbnail(one.copy())
    assert thumbnail(one) != thumbnail(np.roll(one, 1, axis=1))
    assert len(thumbnail(one)) <= 80 * 40
    assert len(thumbnail(one[:2, :2])) == 4
