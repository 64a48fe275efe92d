import json
import signal

import pytest


@pytest.fixture
def held(pipes):
    # Eight batches of eight are a block of 64 ticks: two are encoded and the third has begun.
    pipes.environment.update(STREAMVID_MODEL="held_model:before_batch", HELD_BATCH="17")
    return pipes


def wait_for_a_block(program, held, film):
    """Until the model stands still and the first block is committed."""
    held.wait()
    for _ in range(60):
        if document(program, "inspect", film)["frames"] >= 64:
            return
    raise AssertionError("no block was committed while the third waited")


def document(program, *arguments):
    done = program.run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_film_is_remembered_once(program, clip):
    first = document(program, "ingest", clip)
    assert (first["frames"], first["new_frames"], first["complete"]) == (9, 9, True)
    again = document(program, "ingest", clip)
    assert (again["new_frames"], again["complete"], again["id"]) == (0, True, first["id"])


def test_the_report_is_a_line(program, clip):
    done = program.run("ingest", clip, "--name", "colours \x1b[31m")
    assert done.returncode == 0
    assert done.stdout.startswith("colours [31m: remembered 9 frames")
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.slow  # six starts of the program, one of them held and stopped
def test_ctrl_c_keeps_what_was_watched_and_the_next_run_goes_on(program, long_clip, held):
    child = program.start("ingest", long_clip, **held.environment)
    wait_for_a_block(program, held, long_clip)
    child.send_signal(signal.SIGINT)
    held.let_go()
    _, stderr = child.communicate(timeout=60)
    assert child.returncode == 130, stderr
    last = stderr.strip().splitlines()[-1]
    assert "what was watched is kept" in last
    assert "Traceback" not in stderr
    kept = document(program, "inspect", long_clip)
    assert not kept["complete"]
    assert kept["frames"] >= 64
    assert kept["ticks_pending"] > 0
    report = document(program, "ingest", long_clip)
    assert report["resumed"]
    assert report["complete"]
    assert report["frames"] == 140
    assert report["new_frames"] == 140 - kept["frames"]


@pytest.mark.slow  # six starts of the program, three of them at once
def test_a_second_terminal_asks_and_attaches_while_the_first_watches(program, long_clip, held):
    child = program.start("ingest", long_clip, **held.environment)
    wait_for_a_block(program, held, long_clip)
    seen = document(program, "inspect", long_clip)
    assert seen["busy"]
    done = program.run("ask", long_clip, "What is red ?", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert 0 < answer["usage"]["range_frames"] < 140
    assert "another streamvid is watching" in done.stderr
    done = program.run("remove", long_clip, "--yes")
    assert done.returncode == 4
    assert f"'long.mp4' is being written by process {child.pid}; stop that first" in done.stderr
    listed = program.run("list").stdout
    assert " of 2:20" in listed
    other = program.start("ingest", long_clip, "--json")
    held.let_go()
    attached, _ = other.communicate(timeout=60)
    stdout, stderr = child.communicate(timeout=60)
    assert child.returncode == 0, stderr
    assert "remembered 140 frames" in stdout
    assert other.returncode == 0
    assert json.loads(attached)["complete"]
    assert document(program, "inspect", long_clip)["frames"] == 140


def test_a_name_for_what_has_one_is_not_passed_over_in_silence(inside, clip):
    inside.run("ingest", clip, "--name", "first")
    done = inside.run("ingest", clip, "--name", "second")
    assert done.returncode == 0
    assert "it keeps the name it has, 'first'" in done.stderr
    assert "keeps" not in inside.run("ingest", clip, "--name", "first").stderr
