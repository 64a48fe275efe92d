"""The socket through which other processes of the same user ask who watches."""

import json
import os
import signal
import socket
import stat

import pytest

from apps.errors import ListenError
from apps.server.local import local_socket, socket_folder
from tests.apps.watched import PICTURE, Watched


def test_a_socket_is_its_owners_alone_and_gone_afterwards(tmp_path):
    with local_socket(tmp_path) as (_, path):
        found = path.stat()
        assert stat.S_ISSOCK(found.st_mode)
        assert stat.S_IMODE(found.st_mode) == 0o600
    assert not path.exists()


def test_a_socket_left_by_a_killed_process_of_the_same_number_is_replaced(tmp_path):
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(tmp_path / f"{os.getpid()}.sock"))
    stale.close()
    with local_socket(tmp_path) as (listening, path), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        listening.accept()[0].close()


def test_the_folder_is_of_this_user_alone(tmp_path):
    folder = socket_folder({"XDG_RUNTIME_DIR": str(tmp_path)})
    assert folder.parent == tmp_path
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o755)
    with pytest.raises(ListenError, match="open to others"):
        socket_folder({"XDG_RUNTIME_DIR": str(tmp_path)})


def test_a_folder_that_leads_elsewhere_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "streamvid").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ListenError):
        socket_folder({"XDG_RUNTIME_DIR": str(tmp_path)})


def test_a_watch_listens_while_it_watches_and_a_kill_does_no_harm(program, tmp_path):
    # Seconds of watching: twice until something is seen, and a process that asks in between.
    runtime = {"XDG_RUNTIME_DIR": str(tmp_path)}
    folder = tmp_path / "streamvid"
    watching = Watched(program, PICTURE, **runtime)
    watching.ask("What is it?")
    (path,) = folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    watching.end(signal.SIGKILL)
    assert path.exists()

    asked = program.run("ask", PICTURE, "What is it?", "--json", **runtime)
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)["coverage"]["frames"] > 0

    again = Watched(program, PICTURE, **runtime)
    again.ask("What is it?")
    asked = program.run("ask", PICTURE, "What is it?", "--json", **runtime)
    assert "asking the streamvid that watches it" in asked.stderr
    code, _, said = again.end(signal.SIGTERM)
    assert code == 0, said
    assert list(folder.iterdir()) == [path]  # its own is gone
