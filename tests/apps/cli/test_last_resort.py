"""The end that comes in any case: when it counts, what it does, and when it is called off."""

import signal
import threading

import pytest

from apps.cli import last_resort
from apps.cli.last_resort import LastResort, ended_by_signals
from apps.errors import FAILED

LIMIT_S = 20.0


@pytest.fixture
def exits(monkeypatch):
    """Exit codes that the process would have ended with."""
    codes = []
    monkeypatch.setattr(last_resort.os, "_exit", codes.append)
    return codes


def test_it_stops_what_runs_clears_up_and_ends(exits, capsys):
    did = []
    with LastResort(0.05, lambda: did.append("clear")) as resort:
        resort.stops(lambda: did.append("stop"))
        assert not resort.begun
        resort.begin()
        resort.begin()
        resort._thread.join(LIMIT_S)
    assert (did, exits) == (["stop", "clear"], [FAILED])
    assert "what was committed is kept" in capsys.readouterr().err


def test_a_stop_that_hangs_holds_nothing_up(exits):
    go_on = threading.Event()
    with LastResort(0.05, lambda: None) as resort:
        resort.stops(go_on.wait)
        resort.begin()
        resort._thread.join(LIMIT_S)
        assert exits == [FAILED]
        go_on.set()


@pytest.mark.parametrize("begins", [True, False])
def test_who_leaves_in_time_is_left_alone(exits, begins):
    with LastResort(LIMIT_S, lambda: pytest.fail("cleared")) as resort:
        if begins:
            resort.begin()
    resort._thread.join(LIMIT_S / 2)
    assert not resort._thread.is_alive()
    assert exits == []


@pytest.mark.parametrize(
    ("number", "goes_on", "begins"),
    [(signal.SIGINT, False, True), (signal.SIGINT, True, False), (signal.SIGTERM, True, True)],
)
def test_ctrl_c_at_a_prompt_ends_an_answer_alone(exits, number, goes_on, begins):
    with (
        LastResort(LIMIT_S, lambda: None) as resort,
        ended_by_signals(resort, goes_on=lambda: goes_on) as terminated,
    ):
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        assert resort.begun == begins
        assert terminated.is_set() == (number == signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert exits == []
