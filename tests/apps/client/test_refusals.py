from __future__ import annotations

import time

import pytest

from apps.client.refusals import as_error, told_here
from apps.server.protocol import ErrorRaised, ResponseCreate
from streamvid.answer import TimeRange

ASKED_S, ENDS_S = 1_790_085_720.0, 1_790_080_000.0
"""22 September 2026, 14:02 in UTC; the recording ends an hour and a half before."""
THEIR_WORDS = "range begins at some time of the server's; pass an earlier start"


def outside(param="start_wall_s", limit_wall_s=ENDS_S):
    return as_error(
        ErrorRaised("bad_range", THEIR_WORDS, False, param=param, limit_wall_s=limit_wall_s)
    )


@pytest.fixture
def zone(monkeypatch):
    """``zone(name)``: this machine stands there."""

    def set_zone(name):
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield set_zone
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("name", "asked", "ends"),
    [
        ("Europe/Berlin", "2026-09-22 16:02:00", "2026-09-22 14:26:40"),
        ("America/New_York", "2026-09-22 10:02:00", "2026-09-22 08:26:40"),
    ],
)
@pytest.mark.parametrize(
    "message", [ResponseCreate(start_wall_s=ASKED_S), TimeRange(start_wall_s=ASKED_S)]
)
def test_times_are_told_by_the_clock_here(zone, name, asked, ends, message):
    zone(name)
    told = told_here(outside(), message)
    assert str(told) == (
        f"range begins at {asked}, the recording ends at {ends}; pass an earlier start"
    )
    assert (told.code, told.exit_code, told.param) == ("bad_range", 2, "start_wall_s")


@pytest.mark.parametrize(
    "error",
    [
        outside(limit_wall_s=None),
        outside(param="start"),
        outside(param="end_wall_s"),  # which was not asked
        outside(param=None),
    ],
)
def test_whatever_else_is_refused_keeps_the_server_s_words(error):
    assert told_here(error, ResponseCreate(start_wall_s=ASKED_S)) is error
