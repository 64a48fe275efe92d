"""``streamvid serve`` and ``ask --server``: flags, refusals, and the same answers as here."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys

import pytest

from tests.apps.served import talk


async def until_watched(talker):
    await talker.watched("clip")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "nothing to serve"),
        (("--source", "clip"), 2, "NAME=ADDRESS"),
        (("--source", "a b=x"), 2, "name"),
        (("--source", "a=missing.mp4"), 3, "missing.mp4"),
        (("--source", "a=rtmp://user:secret@x/y"), 3, "rtmp:"),
        (("--source", "a=x", "--host", "0.0.0.0"), 2, "--token-file"),
        (("--source", "a=x", "--token", "short"), 2, "16"),
        (("--source", "a=x", "--token-file", "missing"), 2, "missing"),
        (("--source", "a=x", "--keep", "19MB"), 2, "20MB or more"),
        (("--source", "a=x", "--tls-key", "key.pem"), 2, "--tls-cert"),
        (("--source", "a=x", "--tls-cert", "cert.pem"), 2, "cert.pem"),
        (("--allow-source", "*"), 2, "scheme"),
        (("--media-root", "missing"), 2, "missing"),
        (("--media-root", ".", "--allow-origin", "example.org"), 2, "origin"),
    ],
)
def test_what_cannot_be_served_is_one_line(inside, refused, arguments, code, words):
    done = inside.run("serve", "--port", "0", *arguments)
    line = refused(done)
    assert done.returncode == code
    assert words in line
    assert "secret" not in line


def test_a_port_that_is_taken_is_one_line(inside, refused, clip):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refused(inside.run("serve", "--source", f"a={clip}", "--port", str(port)))
    assert str(port) in line
    assert "--port" in line


# Starts the program four times beside the server: some 3 s.
def test_a_server_gives_the_answer_that_is_given_here(serve, program, clip):
    served = serve("--source", f"clip={clip}")
    talk(served, until_watched)
    where = ("--from", "2", "--to", "8")
    there = program.run("ask", "--server", served.url, "clip", "red", *where, "--json")
    here = program.run("ask", clip, "red", *where, "--json")
    assert (there.returncode, here.returncode) == (0, 0), there.stderr
    documents = [json.loads(done.stdout) for done in (there, here)]
    for document in documents:
        assert all(value >= 0 for value in document.pop("timings").values())
        document["usage"].pop("tokens_per_s")
        document["usage"].pop("context_reused")
    assert documents[0] == documents[1]
    there = program.run("ask", "--server", served.url, "clip", "red", *where)
    here = program.run("ask", clip, "red", *where)
    assert there.stdout == here.stdout != ""


def test_a_conversation_with_a_server_is_kept(serve, program, clip):
    served = serve("--source", f"clip={clip}")
    talk(served, until_watched)
    done = program.run(
        "ask", "--server", served.url, "clip", "--json", stdin="red\n/range 0:02 0:05\nblue\n"
    )
    first, second = map(json.loads, done.stdout.splitlines())
    assert "history kept" not in first["exactness"]
    assert "history kept" in second["exactness"]
    assert second["coverage"]["start_s"] == 2


# Starts the program five times beside the server: some 3 s.
def test_refusals_of_a_server_keep_their_exit_codes(serve, program, refused, clip):
    served = serve("--source", f"clip={clip}")
    talk(served, until_watched)
    for arguments, code in (
        (("nobody", "red"), 4),
        (("clip", " "), 2),
        (("clip", "red", "--from", "100"), 2),
    ):
        done = program.run("ask", "--server", served.url, *arguments)
        refused(done)
        assert done.returncode == code
    refused(program.run("ask", "--server", "ws://127.0.0.1:9", "clip", "red"))
    refused(program.run("ask", "--server", "nowhere", "clip", "red"))


def test_ctrl_c_stops_an_answer_of_a_server(serve, program, clip, pipes):
    served = serve(
        "--source", f"clip={clip}", STREAMVID_MODEL="held_model:SlowSpeaker", **pipes.environment
    )
    talk(served, until_watched)
    child = program.start("ask", "--server", served.url, "clip", "red")
    pipes.wait()
    child.send_signal(signal.SIGINT)
    pipes.let_go()
    _, said = child.communicate(timeout=30)
    assert child.returncode == 130
    assert "Traceback" not in said


def test_serving_loads_nothing_that_other_commands_do_not_need():
    code = (
        "import sys, apps.cli.program; heavy = {'starlette', 'uvicorn', 'websockets', 'ssl'};"
        " print(sorted((heavy - {'ssl'}) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
