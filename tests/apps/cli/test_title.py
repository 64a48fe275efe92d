from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from apps.cli.title import hidden


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        ("rtsp://anna:secret@cam/1", "rtsp://cam/1"),
        ("front=rtsp://anna:se@cret@cam/1", "front=rtsp://cam/1"),
        ("rtsp://anna:sec/ret@cam/1", "rtsp://cam/1"),
        ("anna@example.org", "anna@example.org"),
        ("rtsp://cam/1", "rtsp://cam/1"),
    ],
)
def test_user_and_password_are_left_out(argument, shown):
    assert hidden(["watch", argument]) == ["watch", shown]


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="no list of processes here")
def test_the_list_of_processes_shows_no_password():
    code = (
        "import sys; from pathlib import Path; from apps.cli.title import hide_passwords;"
        "hide_passwords(sys.argv[1:]);"
        "print(Path('/proc/self/cmdline').read_bytes().decode())"
    )
    command = [sys.executable, "-c", code, "watch", "rtsp://anna:secret@cam/1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert "rtsp://cam/1" in done.stdout
    assert "secret" not in done.stdout
