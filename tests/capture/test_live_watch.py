from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture import LiveSettings
from capture.live_watch import Change, LiveWatch

SETTINGS = LiveSettings()


def watch(chance: float = 0.5, **changes) -> LiveWatch:
    return LiveWatch(SETTINGS, 0.0, chance=lambda: chance, **changes)


def opened(now_s: float = 0.0, **changes) -> LiveWatch:
    made = watch(**changes)
    assert made.due(now_s) == (["open"], [])
    return made


def states(changes: list[Change]) -> list[tuple[str, str]]:
    return [(change.state, change.reason) for change in changes]


def test_a_socket_is_not_sight_but_a_picture_is() -> None:
    one = opened()
    assert one.state == "connecting"
    assert states(one.see(b"a", 3.0)) == [("seeing", "frames")]
    assert one.reconnects == 0


def test_nothing_within_the_limit_ends_the_attempt_by_force() -> None:
    one = opened()
    assert one.due(19.9) == ([], [])
    actions, changes = one.due(20.0)
    assert actions == ["kill"]
    assert states(changes) == [("reconnecting", "nothing arrives")]
    assert one.next_attempt_s == pytest.approx(21.0)


def test_a_stall_is_said_before_it_is_acted_on() -> None:
    one = opened()
    one.see(b"a", 5.0)
    assert one.due(24.9) == ([], [])
    actions, changes = one.due(25.0)
    assert actions == ["kill"]
    assert states(changes) == [("stalled", "stalled"), ("reconnecting", "stalled")]
    assert one.gap_reason == "stalled"


@pytest.mark.parametrize("reason", ["child died", "memory"])
def test_a_process_that_was_lost_is_no_fault_of_the_signal(reason) -> None:
    one = opened()
    one.see(b"a", 5.0)
    assert states(one.fail(reason, "", 6.0)) == [("reconnecting", reason)]
    assert one.next_attempt_s == pytest.approx(7.0)
    assert one.gap_reason == "restarted"


def test_backoff_grows_is_jittered_and_starts_anew_after_health() -> None:
    one, now_s, delays = opened(), 0.0, []
    for _ in range(10):
        one.fail("lost", "", now_s)
        delays.append(one.next_attempt_s - now_s)
        now_s = one.next_attempt_s
        assert one.due(now_s)[0] == ["open"]
    assert delays == pytest.approx([1, 1, 2, 5, 10, 20, 30, 60, 60, 60])
    one.see(b"a", now_s)
    one.see(b"b", now_s + 9.9)
    assert one.attempt == 10
    one.see(b"c", now_s + 10.0)
    assert one.attempt == 0
    one.fail("lost", "", now_s + 11)
    assert one.next_attempt_s == pytest.approx(now_s + 12)


@given(st.floats(0, 1), st.integers(1, 20))
def test_jitter_stays_within_a_fifth(chance, failures) -> None:
    one, now_s = opened(chance=chance), 0.0
    for n in range(failures):
        one.fail("unreachable", "", now_s)
        plain_s = SETTINGS.backoff_s[min(n, 7)]
        assert 0.8 * plain_s - 1e-6 <= one.next_attempt_s - now_s <= 1.2 * plain_s + 1e-6
        now_s = one.next_attempt_s
        one.due(now_s)


def test_refused_credentials_take_the_slow_lane_and_keep_the_state() -> None:
    one = opened()
    assert states(one.fail("refused", "", 1.0)) == [("refused", "refused")]
    assert one.next_attempt_s == 301.0
    one.hurry(50.0)
    assert one.due(50.0)[0] == ["open"]
    assert one.fail("refused", "", 51.0) == []
    assert one.gap_reason == "refused"


def test_frozen_is_said_after_its_time_and_taken_back() -> None:
    one = opened()
    one.see(b"a", 0.0)
    changes = [one.see(b"a", float(now_s)) for now_s in range(1, 31)]
    assert list(itertools.chain(*changes[:-1])) == []
    assert states(changes[-1]) == [("frozen", "frozen")]
    assert one.see(b"a", 31.0) == []
    assert states(one.see(b"b", 32.0)) == [("seeing", "moving")]


def test_a_hole_in_a_film_is_no_fault_and_its_failure_is_its_end() -> None:
    film = opened(is_finite=True)
    film.see(b"a", 0.0)
    actions, changes = film.due(20.0)
    assert (actions, states(changes)) == ([], [("stalled", "stalled")])
    assert film.due(500.0) == ([], [])
    assert states(film.see(b"b", 501.0)) == [("seeing", "frames")]
    assert states(film.fail("failed", "", 502.0)) == [("ended", "failed")]
    assert film.is_over


def test_a_film_is_gone_on_with_before_its_end_and_at_its_end_at_the_latest() -> None:
    film = opened(is_finite=True)
    film.see(b"a", 0.0)
    changes = film.fail("child died", "", 10.0, film_end_s=12.5)
    assert states(changes) == [("reconnecting", "child died")]
    assert film.due(10.9) == ([], [])
    assert film.due(11.0)[0] == ["open"]
    film.fail("child died", "", 12.0, film_end_s=12.5)
    assert film.due(12.4) == ([], [])
    assert film.due(12.5)[0] == ["open"]
    assert states(film.fail("child died", "", 12.6, film_end_s=12.5)) == [("ended", "child died")]


def test_a_film_that_is_gone_on_with_may_be_in_a_hole() -> None:
    film = opened(is_finite=True)
    film.see(b"a", 0.0)
    film.fail("child died", "", 10.0, film_end_s=500.0)
    assert film.due(11.0)[0] == ["open"]
    actions, changes = film.due(31.0)
    assert (actions, states(changes)) == ([], [("stalled", "stalled")])
    assert film.due(400.0) == ([], [])
    assert states(film.see(b"b", 401.0)) == [("seeing", "frames")]
    assert film.reconnects == 1


inputs = st.lists(
    st.tuples(
        st.sampled_from(
            ["see", "same", "lost", "refused", "audio only", "not found", "hurry", "wait"]
        ),
        st.floats(0, 40),
    ),
    max_size=60,
)


@given(inputs, st.booleans())
def test_it_never_gives_up_and_never_opens_twice(inputs, stops) -> None:
    one, now_s, is_open, number = watch(), 0.0, False, 0
    for what, step_s in inputs:
        now_s += step_s
        actions, _ = one.due(now_s)
        for action in actions:
            assert (action == "kill") == is_open  # opens where nothing is open, kills what is
            is_open = action == "open"
        match what:
            case "see" | "same":
                number += what == "see"
                changes = one.see(str(number).encode(), now_s)
                assert is_open or changes == []
                assert not is_open or one.state in ("seeing", "frozen")
            case "hurry":
                one.hurry(now_s)
            case "wait":
                pass
            case _:
                one.fail(what, "", now_s)
                is_open = False
        assert one.is_connected == is_open
        assert not one.is_over
        assert one.deadline_s() is not None  # something always comes due
    if stops:
        one.stop(now_s)
        assert one.due(now_s + 1000) == ([], [])
        assert one.see(b"z", now_s) == one.fail("lost", "", now_s) == one.end(now_s) == []
