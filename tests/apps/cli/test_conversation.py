import json
import signal
import subprocess

import pytest

from tests.apps.terminal import Terminal


def test_each_piped_line_is_a_question(program, clip):
    done = program.run("ask", clip, "--json", stdin="What is red ?\n\nWhat is green ?\n")
    assert done.returncode == 0, done.stderr
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    assert [d["question"] for d in documents] == ["What is red ?", "What is green ?"]
    assert documents[1]["usage"]["context_reused"]


def test_a_range_holds_until_the_next(inside, clip):
    lines = ["/range 0:03 0:06", "What?", "/range", "What?", "/quit", "What?"]
    done = inside.run("ask", clip, "--json", stdin="\n".join(lines))
    assert done.returncode == 0, done.stderr
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    assert [d["usage"]["range_frames"] for d in documents] == [3, 9]


def test_nothing_said_is_no_error(inside, clip):
    done = inside.run("ask", clip, stdin="")
    assert done.returncode == 0
    assert done.stdout == ""


def test_a_script_learns_of_a_bad_line(inside, clip, refused):
    inside.run("ingest", clip)
    done = inside.run("ask", clip, stdin="/range 5 soon\nWhat?\n")
    assert "soon" in refused(done)


def test_an_unknown_word_of_command_gets_help(inside, clip):
    done = inside.run("ask", clip, stdin="/dance\n")
    assert done.returncode == 0
    assert "/range FROM TO" in done.stderr


@pytest.fixture
def terminal(program, clip):
    program.run("ingest", clip)
    opened = Terminal(program, "ask", clip)
    yield opened
    opened.close()


def test_a_person_talks_at_a_terminal(terminal):
    assert "Ask one question a line" in terminal.until("> ")
    terminal.type("What is red ?\n")
    assert "exactness" in terminal.until("> ")
    terminal.type("/range 5 soon\n")
    assert "soon" in terminal.until("> ")
    terminal.type("What is blue ?\n")
    assert "exactness" in terminal.until("> ")
    terminal.type("\x04")
    assert terminal.child.wait(timeout=30) == 0


def test_the_prompt_stays_out_of_an_output_that_goes_elsewhere(program, clip, tmp_path):
    program.run("ingest", clip)
    with (tmp_path / "out").open("wb") as out:
        opened = Terminal(program, "ask", clip, "--json", stdout=out)
    opened.until("> ")
    opened.type("What is red ?\n")
    opened.until("> ")
    opened.type("\x04")
    assert opened.child.wait(timeout=30) == 0
    opened.close()
    (line,) = (tmp_path / "out").read_text().splitlines()
    assert json.loads(line)["question"] == "What is red ?"


def test_a_typed_line_can_be_edited(terminal):
    terminal.until("> ")
    terminal.type("/uit\x01\x1b[Cq\n")  # to the start of the line, one to the right
    assert terminal.child.wait(timeout=30) == 0


def test_ctrl_c_at_the_prompt_leaves(terminal):
    terminal.until("> ")
    for _ in range(30):
        # One that comes between the prompt and the read behind it is seen only after the read, as
        # at any prompt of Python's: a person presses again.
        terminal.child.send_signal(signal.SIGINT)
        try:
            assert terminal.child.wait(timeout=1) == 130
        except subprocess.TimeoutExpired:
            continue
        return
    raise AssertionError("Ctrl-C does not leave")


def test_ctrl_c_stops_an_answer_and_not_the_talk(program, clip, pipes):
    program.run("ingest", clip)
    speaker = {"STREAMVID_MODEL": "held_model:SlowSpeaker"}
    terminal = Terminal(program, "ask", clip, **pipes.environment, **speaker)
    try:
        terminal.until("> ")
        terminal.type("What is red ?\n")
        pipes.wait()
        terminal.child.send_signal(signal.SIGINT)
        pipes.let_go()
        assert "exactness" not in terminal.until("stopped; ask on")
        terminal.until("> ")
        terminal.type("What is blue ?\n")
        assert "exactness" in terminal.until("> ")
    finally:
        terminal.close()
