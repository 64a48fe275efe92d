"""The real program while it watches, which takes the seconds that it watches: most tests 2 to 5."""

import json
import re
import signal
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from apps.cli.watch import END_WITHIN_S
from tests.apps.conftest import write_video
from tests.apps.terminal import Terminal
from tests.apps.watched import PICTURE, Watched, inspected

BROKEN_OFF = "ended in the middle of a step; what was committed is kept"


@pytest.fixture
def watch(program):
    """``watch(*arguments)``: a watch under way with events in JSON, ended with the test."""

    def start(*arguments, **environment):
        return Watched(program, *(arguments or (PICTURE,)), **environment)

    return start


def test_it_ends_by_itself_after_the_time_given(watch, program):
    watching = watch(PICTURE, "--for", "3s")
    code, took_s, said = watching.end()
    assert code == 0, said
    assert 3 <= took_s < 20
    found = inspected(program)
    assert found["kind"] == "live"
    assert found["ticks_seen"] >= 2
    told = [line for line in watching.lines if line["type"] == "source.status"]
    assert told[-1]["state"] == "stopped"
    # one figure everywhere; the log of the database goes when the watch ends
    assert 0 <= told[-1]["memory_bytes"] - found["bytes"] <= 4_500_000
    after = program.run("ask", PICTURE, "What is it?", "--json")
    assert after.returncode == 0, after.stderr
    assert json.loads(after.stdout)["coverage"]["seen_s"] > 0


def test_a_file_is_played_at_filming_speed_to_its_end(watch, program, tmp_path):
    film = write_video(tmp_path / "film.mp4", ["red", "green", "blue"])
    code, took_s, said = watch(film, "--realtime", "--name", "film").end()
    assert code == 0, said
    assert took_s > 2.5  # what is played takes as long as it is
    found = inspected(program, "film")
    assert (found["ticks_expected"], found["ticks_seen"]) == (3, 3)


def test_a_killed_watch_of_a_file_plays_it_from_its_start_again(watch, program, tmp_path):
    film = write_video(tmp_path / "film.mp4", ["red", "green", "blue"] * 2)
    watching = watch(film, "--realtime")
    watching.ask("What is it?")
    watching.end(signal.SIGKILL)
    before = inspected(program, film)
    time.sleep(1.5)  # as for a camera below
    code, _, said = watch(film, "--realtime").end()
    assert code == 0, said
    after = inspected(program, film)
    assert after["runs"] == 2
    assert after["blind_s"]["off"] >= 1
    assert after["ticks_seen"] - before["ticks_seen"] in (6, 7)  # it begins in mid-second
    assert after["ticks_pending"] == 0


def test_a_file_needs_to_be_told_that_it_is_played(program, clip, refused):
    done = program.run("watch", clip)
    assert "--realtime" in refused(done)
    assert done.returncode == 3


def test_questions_are_answered_while_it_watches(watch):
    watching = watch()
    first, second = watching.ask("What is it?"), watching.ask("And now?")
    assert second["coverage"]["end_s"] >= first["coverage"]["end_s"] > 0
    assert watching.child.poll() is None
    code, _, _ = watching.end(signal.SIGINT)
    assert code == 0


def test_what_was_seen_can_be_asked_of_its_last_seconds(watch):
    watching = watch()
    watching.ask("What is it?")
    watching.child.stdin.write("/last 1s\n")
    assert watching.ask("And now?")["coverage"]["frames"] <= 2


def test_another_process_asks_the_model_that_is_loaded(watch, program):
    watching = watch()
    here = watching.ask("What is it?")
    asked = program.run("ask", PICTURE, "What is it?", "--json")
    assert asked.returncode == 0, asked.stderr
    assert "asking the streamvid that watches it" in asked.stderr
    there = json.loads(asked.stdout)
    assert there.keys() == here.keys()
    assert (there["id"], there["language_model"]) == (here["id"], here["language_model"])
    watching.end(signal.SIGINT)
    after = program.run("ask", PICTURE, "What is it?", "--json")
    assert after.returncode == 0, after.stderr
    assert after.stderr == ""
    assert json.loads(after.stdout)["language_model"] == here["language_model"]


def test_a_watcher_talks_with_another_process(watch, program):
    watching = watch()
    watching.ask("What is it?")
    asked = program.run("ask", PICTURE, "--json", stdin="What?\n/last 1s\nAnd?\n")
    assert asked.returncode == 0, asked.stderr
    first, second = map(json.loads, asked.stdout.splitlines())
    assert second["coverage"]["frames"] <= 2
    assert first["coverage"]["start_s"] == 0


def test_wall_clock_times_select_a_range_here_and_there(watch, program):
    watching = watch()
    began = datetime.now()
    watching.ask("What is it?")
    early, late = (f"@{began + timedelta(seconds=s):%Y-%m-%dT%H:%M:%S}" for s in (-600, 600))
    asked = program.run("ask", PICTURE, "What?", "--from", early, "--to", late, "--json")
    assert asked.returncode == 0, asked.stderr
    assert "asking the streamvid that watches it" in asked.stderr
    moments = json.loads(asked.stdout)["evidence"]
    assert all(abs(moment["wall_s"] - began.timestamp()) < 60 for moment in moments)
    asked = program.run("ask", PICTURE, "--json", stdin=f"/range {early} {late}\nWhat?\n")
    assert asked.returncode == 0, asked.stderr

    def search_and_miss():
        found = program.run("search", PICTURE, "bars", "--from", early, "--to", late)
        assert found.returncode == 0, found.stderr
        # With the date where the test began before midnight.
        assert re.search(r"0:0\d \([0-9 -]*\d\d:\d\d:\d\d\)  ", found.stdout)
        words = f"range begins at {began + timedelta(seconds=600):%Y-%m-%d %H:%M:%S}, the recording"
        for command in ("ask", "search"):
            behind = program.run(command, PICTURE, "bars", "--from", late)
            assert behind.returncode == 2
            *_, line = behind.stderr.splitlines()
            assert line.startswith(f"streamvid: {words}")

    search_and_miss()
    watching.end(signal.SIGINT)
    search_and_miss()


def test_a_file_has_no_wall_clock(program, clip, refused):
    asked = program.run("ask", clip, "What?", "--from", "@14:02")
    assert "no wall clock" in refused(asked)
    assert asked.returncode == 2
    assert json.loads(program.run("list", "--json").stdout) == {"recordings": []}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_everything_committed(watch, program, number):
    watching = watch()
    answer = watching.ask("What is it?")
    code, took_s, said = watching.end(number)
    assert code == 0, said
    assert took_s < 5
    found = inspected(program)
    assert found["ticks_pending"] == 0
    assert found["frames"] == found["ticks_seen"] >= answer["coverage"]["frames"]
    assert "are remembered" in said


def test_a_signal_while_it_starts_leaves_no_traceback(watch):
    watching = watch()
    watching.until(state="connecting")
    code, took_s, said = watching.end(signal.SIGINT)
    assert code in (0, 130)
    assert took_s < 5
    assert "Traceback" not in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_model_loads_tells_what_is_remembered(watch, program, pipes, number):
    first = watch(PICTURE, "--for", "3s")
    first.end()
    before = inspected(program)
    held = {"STREAMVID_MODEL": "held_model:while_loading", **pipes.environment}
    watching = watch(**held)
    watching.until(state="seeing")
    time.sleep(1.5)  # so that there are frames that nobody could look at
    code, took_s, said = watching.end(number)
    assert code == 0, said
    assert took_s < 5
    assert "ended while the model was loading; what it saw meanwhile is not kept" in said
    after = inspected(program)
    assert after["ticks_seen"] == before["ticks_seen"]
    minutes, seconds = divmod(after["ticks_expected"], 60)
    assert f"{minutes}:{seconds:02} are remembered: seen {after['ticks_seen']}, covered" in said


def test_what_was_seen_while_the_model_loads_is_not_called_unseen(watch, pipes):
    watching = watch(STREAMVID_MODEL="held_model:while_loading", **pipes.environment)
    watching.until(state="seeing")
    _, _, said = watching.end(signal.SIGINT)
    assert "nothing is remembered of it" in said


# What a child needs beyond the time that it is given, on a machine where much else runs.
SLACK_S = 1.5


@pytest.mark.slow  # a step that never ends is waited for until the time is up
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_step_that_never_ends_holds_its_end_up_no_longer_than_told(watch, program, pipes, number):
    watching = watch(
        PICTURE, "--set", "commit_s=60",
        STREAMVID_MODEL="held_model:SlowSpeaker", **pipes.environment,
    )  # fmt: skip
    watching.put("What is it?")
    pipes.wait()
    code, took_s, said = watching.end(number)
    assert took_s < END_WITHIN_S + SLACK_S
    assert (code, said.splitlines()[-1]) == (1, BROKEN_OFF)
    assert inspected(program)["frames"] >= 1


@pytest.mark.slow  # as above
def test_what_was_encoded_before_a_batch_that_never_ends_is_committed(watch, program, pipes):
    watching = watch(
        PICTURE, "--set", "commit_s=60",
        STREAMVID_MODEL="held_model:before_batch", HELD_BATCH="4", **pipes.environment,
    )  # fmt: skip
    pipes.wait()
    assert inspected(program)["frames"] == 1  # the first is committed at once, the next in a minute
    code, took_s, said = watching.end(signal.SIGINT)
    assert took_s < END_WITHIN_S + SLACK_S
    assert (code, said.splitlines()[-1]) == (1, BROKEN_OFF)
    assert inspected(program)["frames"] >= 3
    assert list(program.home.rglob("*.sock")) == []


def test_a_second_signal_ends_it_at_once(watch, pipes):
    watching = watch(PICTURE, STREAMVID_MODEL="held_model:SlowSpeaker", **pipes.environment)
    watching.put("What is it?")
    pipes.wait()
    watching.child.send_signal(signal.SIGINT)
    watching.until(state="stopped")
    code, took_s, said = watching.end(signal.SIGINT)
    assert code == 130
    assert took_s < SLACK_S
    assert "Traceback" not in said


def test_an_answer_under_way_is_stopped_after_one_more_step(watch, program, pipes):
    watching = watch(PICTURE, STREAMVID_MODEL="held_model:SlowSpeaker", **pipes.environment)
    watching.put("What is it?")
    pipes.wait()
    watching.child.send_signal(signal.SIGINT)
    watching.until(state="stopped")
    pipes.let_go()
    code, took_s, said = watching.end()
    assert code == 0, said
    assert took_s < SLACK_S
    assert "are remembered" in said
    assert inspected(program)["ticks_pending"] == 0


def test_a_killed_watch_is_gone_on_with(watch, program):
    watching = watch()
    watching.ask("What is it?")
    watching.end(signal.SIGKILL)
    before = inspected(program)
    # Nobody watches for more than a second, which is the least that is a gap.
    time.sleep(1.5)
    again = watch()
    answer = again.ask("What is it?")
    assert answer["coverage"]["start_s"] == 0
    code, _, said = again.end(signal.SIGINT)
    assert code == 0, said
    after = inspected(program)
    assert after["runs"] == 2
    assert "off" in {gap["reason"] for gap in after["gaps"]}
    assert after["blind_s"]["off"] >= 1
    assert all(
        gap["end_wall_s"] - gap["start_wall_s"] == pytest.approx(gap["end_s"] - gap["start_s"])
        for gap in after["gaps"]
    )
    assert after["ticks_seen"] > before["ticks_seen"]


def test_a_source_is_watched_once(watch, program, refused):
    watching = watch()
    watching.ask("What is it?")
    twice = program.run("watch", PICTURE, "--for", "1s")
    assert "is watched already" in refused(twice)
    assert twice.returncode == 4
    assert watching.child.poll() is None


def test_a_camera_that_is_not_there_is_tried_again_and_its_password_kept_nowhere(watch, program):
    watching = watch("rtsp://user:pa55word@127.0.0.1:1/x", "--for", "2s")
    watching.until(type="source.status", state="reconnecting")
    processes = _family(watching.child.pid)
    assert processes
    assert b"pa55word" not in b"".join(processes)
    code, _, said = watching.end()
    assert code == 0, said
    assert "nothing was seen" in said
    assert "pa55word" not in said + json.dumps(watching.lines)
    listed = program.run("list", "--json")
    assert [r["frames"] for r in json.loads(listed.stdout)["recordings"]] in ([], [0])
    for path in program.home.rglob("*"):
        assert not path.is_file() or b"pa55word" not in path.read_bytes(), path


def test_a_person_sees_the_live_line_and_asks_at_the_prompt(program):
    terminal = Terminal(program, "watch", PICTURE, term="xterm")
    try:
        terminal.until("● seeing")
        terminal.until("covered 0 dropped 0")
        terminal.type("What is it?\r")
        terminal.until("exactness")
        terminal.until("● seeing")  # the live line is there again
        terminal.type("\x03")
        terminal.until("are remembered")
        assert terminal.child.wait(timeout=30) == 0
    finally:
        terminal.close()


def _family(pid):
    """Command lines of the processes that one started, and those started."""
    # A child is listed with the thread that started it.
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [child for task in tasks for child in task.read_text().split()]
    lines = [Path(f"/proc/{child}/cmdline").read_bytes() for child in children]
    return lines + [line for child in children for line in _family(child)]
