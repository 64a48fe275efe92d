"""What the list of processes shows, which every user of the machine can read."""

from __future__ import annotations

import sys
from pathlib import Path
from socket import create_server

import pytest

from apps.cli.title import hidden
from tests.apps.watched import Watched

listed = pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(), reason="no list of processes here"
)
TOKEN = "correct-horse-battery-staple"


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        ("rtsp://anna:secret@cam/1", "rtsp://cam/1"),
        ("front=rtsp://anna:se@cret@cam/1", "front=rtsp://cam/1"),
        ("rtsp://anna:sec/ret@cam/1", "rtsp://cam/1"),
        ("rtsp://anna:sec ret@cam/1", "rtsp://cam/1"),
        ("rtsp://anna:sec?ret@cam/1", "rtsp://***"),
        ("rtsp://anna:secret@cam/1?token=secret", "rtsp://cam/1"),
        ("front=http://cam/1?user=anna&password=secret", "front=http://cam/1"),
        ("http://cam/1?to=b@secret", "http://***"),
        ("http://cam/1#secret", "http://cam/1"),
        ("http://cam?secret", "http://cam"),
        ("Is it red? mail anna@example.org", "Is it red? mail anna@example.org"),
        ("anna@example.org", "anna@example.org"),
        ("rtsp://cam/1", "rtsp://cam/1"),
    ],
)
def test_user_password_and_query_are_left_out(argument, shown):
    assert hidden(["watch", argument]) == ["watch", shown]


def test_a_token_is_left_out():
    assert hidden(["serve", "--token", TOKEN, "--port", "0"]) == [
        "serve", "--token", "***", "--port", "0",
    ]  # fmt: skip
    assert hidden(["serve", f"--token={TOKEN}"]) == ["serve", "--token=***"]
    for plain in (["serve", "--token"], ["serve", "--token-file", "token.txt"]):
        assert hidden(plain) == plain


def shown_of(pid):
    """A process's line in the list, and its short name."""
    line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    return line, Path(f"/proc/{pid}/comm").read_text().strip()


@listed
def test_the_list_of_processes_shows_no_password_of_a_watch(program):
    watching = Watched(program, "rtsp://eye:passw0rd@127.0.0.1:1/x?token=HIDDENQ", "--for", "9s")
    watching.until(type="source.status")
    line, name = shown_of(watching.child.pid)
    assert line.startswith("streamvid watch rtsp://127.0.0.1:1/x --for 9s")
    assert name == "streamvid"


@listed
def test_the_list_of_processes_shows_no_secret_of_a_server(serve):
    served = serve("--source", "a=rtsp://127.0.0.1:1/x?password=zzz", "--token", TOKEN)
    line, name = shown_of(served.child.pid)
    assert "--source a=rtsp://127.0.0.1:1/x --token ***" in line
    assert "zzz" not in line
    assert TOKEN not in line
    assert name == "streamvid"


@listed
def test_the_list_of_processes_shows_no_token_of_who_asks(program):
    with create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(20)
        url = f"ws://127.0.0.1:{silent.getsockname()[1]}"
        asking = program.start("ask", "--server", url, "clip", "red", f"--token={TOKEN}")
        with silent.accept()[0]:
            line, name = shown_of(asking.pid)
    assert line == f"streamvid ask --server {url} clip red --token=***"
    assert name == "streamvid"


@listed
def test_what_holds_no_secret_keeps_the_line_that_was_typed(program):
    watching = Watched(program, "--for", "9s", "rtsp://127.0.0.1:1/x")
    watching.until(type="source.status")
    line, _ = shown_of(watching.child.pid)
    assert line.startswith(f"{sys.executable} -m apps watch --for 9s")
