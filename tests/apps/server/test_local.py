"""The socket through which other processes of the same user ask who watches."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from apps.errors import ListenError
from apps.server.local import LONGEST_PATH_BYTES, local_socket, socket_folder
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


def dead_pid():
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    return child.pid


def bound(path):
    """A socket at ``path`` that nobody listens at yet."""
    made = socket.socket(socket.AF_UNIX)
    made.bind(str(path))
    return made


def test_sockets_of_killed_processes_go_when_one_is_made(tmp_path):
    left, beginning, answers = (tmp_path / f"{pid}.sock" for pid in (dead_pid(), 1, dead_pid() + 1))
    other, named = tmp_path / "notes.txt", tmp_path / "x1.sock"
    other.touch()
    named.touch()
    bound(left).close()
    # a living process that does not listen yet, and one that listens but has no number here
    with bound(beginning), bound(answers) as listening:
        listening.listen(1)
        with local_socket(tmp_path) as (_, path):
            assert set(tmp_path.iterdir()) == {beginning, answers, other, named, path}


def test_a_file_that_only_looks_like_a_socket_stays(tmp_path):
    file = tmp_path / f"{dead_pid()}.sock"
    file.write_text("not ours")
    with local_socket(tmp_path):
        assert file.read_text() == "not ours"


def test_the_folder_is_of_this_user_alone(tmp_path):
    folder = socket_folder({"XDG_RUNTIME_DIR": str(tmp_path)})
    assert folder.parent == tmp_path
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o755)
    with pytest.raises(ListenError, match="open to others"):
        socket_folder({"XDG_RUNTIME_DIR": str(tmp_path)})


def long_folder(base):
    """A folder whose sockets' paths take more than a socket's address has room for."""
    folder = base / ("long" * 25)
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def temporary(monkeypatch):
    """A folder for temporaries with a short path, as systems have it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


@pytest.mark.parametrize("kind", ["long", "relative", "missing"])
def test_without_a_usable_runtime_folder_it_is_among_the_temporaries(tmp_path, temporary, kind):
    runtime = {"long": str(long_folder(tmp_path)), "relative": "run", "missing": ""}[kind]
    folder = socket_folder({"XDG_RUNTIME_DIR": runtime} if runtime else {})
    assert folder == temporary / f"streamvid-{os.getuid()}"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with local_socket(folder) as (listening, path), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        listening.accept()[0].close()
    assert socket_folder({}) == folder  # found again


def test_the_longest_path_that_fits_is_taken_and_one_byte_more_is_not(temporary):
    room = LONGEST_PATH_BYTES - len(os.fsencode(temporary / "streamvid" / "4294967296.sock")) - 1
    fits, longer = temporary / ("x" * room), temporary / ("y" * (room + 1))
    for runtime in (fits, longer):
        runtime.mkdir(mode=0o700)
    assert socket_folder({"XDG_RUNTIME_DIR": str(fits)}).parent == fits
    assert socket_folder({"XDG_RUNTIME_DIR": str(longer)}).parent == temporary


def test_a_folder_among_the_temporaries_is_as_private_as_a_runtime_folder(tmp_path, temporary):
    variables = {"XDG_RUNTIME_DIR": str(long_folder(tmp_path))}
    folder = socket_folder(variables)
    folder.chmod(0o750)
    with pytest.raises(ListenError, match="open to others"):
        socket_folder(variables)
    folder.rmdir()
    (temporary / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(temporary / "elsewhere")
    with pytest.raises(ListenError, match="open to others"):
        socket_folder(variables)
    folder.unlink()
    temporary.chmod(0o777)
    with pytest.raises(ListenError, match="replaced by others"):
        socket_folder(variables)
    temporary.chmod(0o1777)
    assert socket_folder(variables) == folder


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("whose", ["folder", "temporaries"])
def test_somebody_elses_folder_is_refused(temporary, whose):
    folder = socket_folder({})
    os.chown(folder if whose == "folder" else temporary, 12345, 12345)
    with pytest.raises(ListenError, match="others"):
        socket_folder({})
    os.chown(temporary, 0, 0)


def test_where_temporaries_have_a_long_path_too_the_shortest_is_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(long_folder(tmp_path)))
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        monkeypatch.setattr("apps.server.local._SHORTEST", Path(short))
        assert socket_folder({}).parent == Path(short)
    monkeypatch.setattr("apps.server.local._SHORTEST", tmp_path / ("long" * 25))
    with pytest.raises(ListenError, match="too long for a socket's path"):
        socket_folder({})


def test_a_folder_that_leads_elsewhere_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "streamvid").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ListenError):
        socket_folder({"XDG_RUNTIME_DIR": str(tmp_path)})


def test_with_a_long_runtime_folder_a_watch_is_asked_from_another_process(program, tmp_path):
    # Seconds of watching, until something is seen, and a process that asks.
    with tempfile.TemporaryDirectory(dir="/tmp") as temporary:
        places = {"XDG_RUNTIME_DIR": str(long_folder(tmp_path)), "TMPDIR": temporary}
        watching = Watched(program, PICTURE, **places)
        watching.ask("What is it?")
        (path,) = (Path(temporary) / f"streamvid-{os.getuid()}").iterdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        asked = program.run("ask", PICTURE, "What is it?", "--json", **places)
        assert asked.returncode == 0, asked.stderr
        assert "asking the streamvid that watches it" in asked.stderr
        watching.end(signal.SIGINT)
        assert not path.exists()


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
    assert list(folder.iterdir()) == []  # its own is gone, and what the killed one left
