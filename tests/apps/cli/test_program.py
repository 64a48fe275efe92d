import os
import signal
import subprocess
from pathlib import Path

import pytest

COMMANDS = ["ask", "doctor", "ingest", "inspect", "list", "remove", "search"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_answers_the_next_question(inside, command):
    done = inside.run(command, "--help")
    assert done.returncode == 0
    assert "Examples:" in done.stdout
    assert f"streamvid {command}" in done.stdout.split("Examples:")[1]
    assert done.stderr == ""


def test_help_of_the_program_lists_commands_and_exit_codes(inside):
    done = inside.run("--help")
    assert done.returncode == 0
    for command in COMMANDS:
        assert f"  {command} " in done.stdout
    assert "130  stopped" in done.stdout


def test_without_arguments_help_goes_to_stderr_as_misuse(inside):
    done = inside.run()
    assert done.returncode == 2
    assert "Usage:" in done.stderr
    assert done.stdout == ""


def test_version(program):
    done = program.run("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("streamvid")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["frobnicate"], "frobnicate"),
        (["ask"], "SOURCE"),
        (["ask", "a.mp4", "q", "--frm", "3"], "--frm"),
        (["ask", "a.mp4", "q", "--from", "soon"], "soon"),
        (["ask", "a.mp4", "q", "--from", "1:75"], "1:75"),
        (["ask", "a.mp4", "q", "--from", "-3"], "-3"),
        (["ask", "a.mp4", "q", "--from", "9", "--to", "3"], "range ends"),
        (["ask", "a.mp4", "q", "--from", "9", "--last", "3"], "pass one of them"),
        (["ask", "a.mp4", "q", "--fusion", "half"], "half"),
        (["ask", "a.mp4", "q", "extra"], "extra"),
        (["ask", "a.mp4", "q", "--set", "nosuch=1"], "nosuch"),
        (["ask", "a.mp4", "q", "--set", "seed"], "NAME=VALUE"),
        (["ask", "a.mp4", "q", "--set", "seed=x"], "seed"),
        (["ask", "a.mp4", "q", "--model", "gigantic"], "gigantic"),
        (["search", "a.mp4"], "PHRASE"),
        (["search", "a.mp4", "dog", "--limit", "0"], "--limit"),
        (["inspect"], "SOURCE"),
        (["remove"], "SOURCE"),
        (["list", "--config", "nosuch.toml"], "nosuch.toml"),
    ],
)
def test_misuse_is_one_line_and_exit_code_2(inside, refused, arguments, word):
    done = inside.run(*arguments)
    assert word in refused(done)
    assert done.returncode == 2
    assert done.stdout == ""


def test_settings_show_every_layer_and_its_origin(inside):
    config = inside.home / "c.toml"
    config.write_text("seed = 3\ntop_p = 0.5\n")
    flags = ["--config", config, "--fusion", "full", "--set", "temperature=0.7"]
    done = inside.run("ask", "--show-settings", *flags, STREAMVID_TOP_P="0.25")
    assert done.returncode == 0
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}
    assert rows["seed"] == ["3", str(config)]
    assert rows["top_p"] == ["0.25", "STREAMVID_TOP_P"]
    assert rows["fusion"] == ["full", "flag"]
    assert rows["temperature"] == ["0.7", "flag"]
    assert rows["model"] == ["tiny_model:TinyModel", "STREAMVID_MODEL"]
    assert rows["max_new_tokens"] == ["64", "default"]


def test_the_usual_settings_file_is_found(inside):
    folder = inside.home / ".config" / "streamvid"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("fusion = 'sideways'\n")
    done = inside.run("list")
    assert done.returncode == 2
    assert "sideways" in done.stderr
    assert "config.toml" in done.stderr


def test_without_any_home_directory_the_remedy_is_said(program, refused):
    environment = program.environment()
    del environment["HOME"]
    done = subprocess.run(
        program.command("list"), env=environment, capture_output=True, text=True, check=False
    )
    assert "HOME" in refused(done)


def test_a_terminal_without_unicode_costs_no_answer(program):
    done = program.run("ask", "--show-settings", "--home", "何", PYTHONIOENCODING="latin-1")
    assert done.returncode == 0
    assert "\\u4f55" in done.stdout


def test_a_reader_that_leaves_early_is_no_crash(program):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        program.command("ask", "--show-settings"),
        env=program.environment(),
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["list", "--json"], ["ask", "--show-settings"]])
def test_an_output_that_is_full_is_told_in_one_line(program, refused, arguments):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            program.command(*arguments),
            env=program.environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert "cannot write the output: no space left on device" in refused(done)
    assert done.returncode == 1


@pytest.mark.parametrize("arguments", [["--help"], ["ask", "--help"], ["list"]])
def test_help_and_list_use_little_processor_time(program, arguments):
    # Counted in processor seconds, not wall time, so that a busy machine does not fail it; the
    # promise is one second, and loading torch alone takes more than that.
    before = os.times()
    assert program.run(*arguments).returncode == 0
    after = os.times()
    used_s = (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )
    assert used_s < 1.0


@pytest.mark.parametrize("arguments", [["list"], ["ask", "--show-settings"], ["ask", "colours"]])
@pytest.mark.parametrize("closed", ["<&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_the_caller_closed_is_no_crash(program, clip, arguments, closed):
    program.run("ingest", clip, "--name", "colours")
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *program.command(*arguments)],
        env=program.environment(),
        cwd=program.home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_ctrl_c_before_the_program_is_read_in_leaves_no_traceback(program, tmp_path):
    # Stands in for the first library that is imported, at the moment of a Ctrl-C.
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt\n")
    environment = program.environment()
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), environment["PYTHONPATH"]])
    done = subprocess.run(
        program.command("list"), env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 130
    assert done.stderr == "streamvid: stopped\n"


def test_ctrl_c_again_and_again_ends_a_load_that_takes_long(program, clip, pipes):
    program.run("ingest", clip)
    model = {"STREAMVID_MODEL": "held_model:while_loading"}
    child = program.start("ask", clip, "What is red ?", **pipes.environment, **model)
    pipes.wait()
    for _ in range(30):
        # Two that come close together count as one: a person presses again.
        child.send_signal(signal.SIGINT)
        try:
            child.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            continue
        break
    _, stderr = child.communicate(timeout=30)
    assert child.returncode == 130, stderr
    assert set(filter(None, stderr.splitlines())) == {"streamvid: stopped"}
