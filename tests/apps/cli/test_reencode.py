import json
import signal

import pytest


@pytest.fixture
def held(pipes):
    # A block of 64 ticks is eight batches of eight: the first is committed, the second has begun.
    pipes.environment.update(STREAMVID_MODEL="held_model:second_before_batch", HELD_BATCH="13")
    return pipes


def document(program, *arguments, **environment):
    done = program.run(*arguments, "--json", **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


SECOND = {"STREAMVID_MODEL": "held_model:second"}


def test_the_refusal_names_a_command_that_works(inside, clip, refused):
    first = document(inside, "ingest", clip)
    line = refused(inside.run("ask", clip, "What is red ?", **SECOND))
    assert line.endswith("run: streamvid reencode 'colours.mp4'")
    report = document(inside, "reencode", "colours.mp4", **SECOND)
    assert set(report) == {
        "id", "name", "frames", "previews", "new_frames", "already", "resumed", "fingerprint",
        "elapsed_s",
    }  # fmt: skip
    assert (report["id"], report["new_frames"], report["already"]) == (first["id"], 9, False)
    assert document(inside, "inspect", clip)["fingerprint"] == report["fingerprint"]
    assert inside.run("ask", clip, "What is red ?", **SECOND).returncode == 0
    again = inside.run("reencode", clip, **SECOND)
    assert again.stdout == "colours.mp4: encoded by this model already: 9 frames\n"


def test_what_is_unknown_is_refused(inside, refused):
    done = inside.run("reencode", "nobody")
    assert done.returncode == 4
    assert "nobody" in refused(done)
    assert inside.run("reencode").returncode == 2


@pytest.mark.slow  # five starts of the program, one of them held and stopped
def test_ctrl_c_leaves_it_as_it_was_and_the_next_run_goes_on(program, long_clip, held):
    before = document(program, "ingest", long_clip)
    child = program.start("reencode", long_clip, **held.environment)
    held.wait()
    child.send_signal(signal.SIGINT)
    held.let_go()
    _, stderr = child.communicate(timeout=60)
    assert child.returncode == 130, stderr
    assert "it is as it was, and what was encoded is kept" in stderr.strip().splitlines()[-1]
    assert "Traceback" not in stderr
    assert program.run("ask", long_clip, "What is red ?").returncode == 0
    report = document(program, "reencode", long_clip, **SECOND)
    assert report["resumed"]
    assert 0 < report["new_frames"] < report["frames"] == before["frames"]
