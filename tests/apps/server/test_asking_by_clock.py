"""Ranges by the wall clock, and moments of other days: the same from a server as here.

A camera in Tokyo was watched for ten seconds before midnight there and ten behind it, and again two
days later. Whoever asks sits in New York, and the server runs in Tokyo.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from apps.client import connect
from apps.errors import ServerRefusedError
from memory import Home, describe_live
from streamvid.answer import TimeRange
from streamvid.engine import Engine
from streamvid.live import Watch, WatchPlan
from streamvid.settings import Settings
from tests.apps.served import Served
from tests.streamvid.live.scripted_feed import ScriptedFeed, picture
from tests.streamvid.tiny_model import TinyModel

TOKYO, YORK = "Asia/Tokyo", "America/New_York"
BEGAN = datetime(2026, 9, 22, 23, 59, 50, tzinfo=ZoneInfo(TOKYO))  # 10:59:50 in New York
AGAIN = BEGAN + timedelta(days=2)
PATIENCE_S = 60.0


def see(home: Path, began: datetime, engine: Engine) -> None:
    """Twenty seconds from ``began`` on, of a run of its own."""
    feeds: list[ScriptedFeed] = []

    def make_feed(first_tick: int) -> ScriptedFeed:
        feeds.append(ScriptedFeed(first_tick))
        return feeds[0]

    plan = WatchPlan(describe_live("rtsp://cam/1", name="front"), make_feed, None)
    wall_s = began.timestamp()
    watch = Watch(Home(home), engine, Settings(commit_s=0.05), plan, wall_s=lambda: wall_s)
    watch.start()
    first = feeds[0].first_tick
    feeds[0].put(*(replace(picture(first + n), wall_s=wall_s + n + 0.25) for n in range(20)))
    feeds[0].finish()
    assert watch.join(PATIENCE_S)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("watched")
    with Engine(TinyModel) as engine:
        see(folder / "recordings", BEGAN, engine)
        see(folder / "recordings", AGAIN, engine)
    return folder


@pytest.fixture
def served(serve, home, clip) -> Served:
    return serve("--home", home, "--source", "front=front", "--source", f"clip={clip}", TZ=TOKYO)


@pytest.fixture
def asked(program, home, served, clip):
    """``asked(source, *times)``: what is answered by the server, and here, to one in New York."""

    def ask(source: str, *times: str) -> list[subprocess.CompletedProcess[str]]:
        here = clip if source == "clip" else source
        return [
            program.run("ask", *whom, "--home", home, "What?", *times, TZ=YORK)
            for whom in (("--server", served.url, source), (here,))
        ]

    return ask


def test_a_range_over_midnight_has_its_moments_dated_in_the_zone_of_who_asks(asked):
    # Starts the program twice beside a server.
    there, here = asked("front", "--from", "@2026-09-22T10:59:55", "--to", "@2026-09-22T11:00:05")
    assert (there.returncode, here.returncode) == (0, 0), there.stderr
    assert there.stdout == here.stdout
    assert "seen 10 s of 10 s" in there.stdout
    clocks = re.findall(r"^0:\d\d \((.*)\)  ", there.stdout, re.MULTILINE)
    assert len(clocks) >= 2
    assert all("2026-09-22 10:59:55" <= clock < "2026-09-22 11:00:05" for clock in clocks)


@pytest.mark.slow  # starts the program eight times beside a server
def test_what_is_not_there_is_told_in_the_same_words(asked):
    for source, times, code, words in (
        ("front", ("--to", "@2026-09-22T10:00"), 2,
         "range ends at 2026-09-22 10:00:00, the recording begins at 2026-09-22 10:59:50"),
        ("front", ("--from", "@2026-09-25T12:00"), 2,
         "range begins at 2026-09-25 12:00:00, the recording ends at 2026-09-24 11:00:10"),
        ("front", ("--from", "@2026-09-23T12:00", "--to", "@2026-09-23T13:00"), 0, "off"),
        ("clip", ("--from", "@14:02"), 2, "the recording has no wall clock"),
    ):  # fmt: skip
        there, here = asked(source, *times)
        assert words in there.stdout + there.stderr
        assert (there.returncode, there.stdout, there.stderr) == (
            (here.returncode, here.stdout, here.stderr)
        )
        assert there.returncode == code


def test_moments_tell_their_clock_to_any_client(served):
    began_s = BEGAN.timestamp()
    within = TimeRange(start_wall_s=began_s + 5, end_wall_s=began_s + 15)

    async def work():
        async with connect(served.url) as client:
            asking = client.ask("front", "What?", start_wall_s=began_s + 5, end_wall_s=began_s + 15)
            pieces = [piece async for piece in asking]
            found = await client.search("front", "red", within=within)
            with pytest.raises(ServerRefusedError) as refused:
                async for _ in client.ask("front", "What?", start_wall_s=began_s + 9e5):
                    pass
            return pieces, asking, found, refused.value

    pieces, asking, found, refused = asyncio.run(asyncio.wait_for(work(), PATIENCE_S))
    assert "".join(pieces) == asking.text
    assert (asking.done.coverage.start_s, asking.done.coverage.end_s) == (5.0, 15.0)
    assert asking.moments
    assert [m.wall_s - m.t_start for m in asking.moments] == [began_s] * len(asking.moments)
    assert len(found.moments) == 10
    assert [m.wall_s - m.t_s for m in found.moments] == [began_s] * 10
    assert refused.param == "start_wall_s"
    assert refused.limit_wall_s == AGAIN.timestamp() + 20


def test_a_conversation_with_a_server_is_steered_by_the_clock(program, served):
    done = program.run(
        "ask", "--server", served.url, "front", "--json",
        stdin="/range @2026-09-22T10:59:55 @2026-09-22T11:00:05\nWhat?\n/range\nAnd?\n", TZ=YORK,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["coverage"]["start_s"], first["coverage"]["end_s"]) == (5, 15)
    assert second["coverage"]["end_s"] > 2 * 86_400
