"""The table of bad input: one clear line, an exit code of 1 to 127, nothing lost."""

import ctypes
import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2


def inspected(program, source):
    done = program.run("inspect", source, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def sound(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), "fltp", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def no_pictures(path):
    """A container with a video stream and not one packet in it."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        container.start_encoding()


BAD = {
    "missing": lambda path: None,
    "directory": lambda path: path.mkdir(),
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("This is no film.\n" * 50),
    "playlist": lambda path: path.write_text("#EXTM3U\n#EXTINF:5,\nother.ts\n#EXT-X-ENDLIST\n"),
    "concat": lambda path: path.write_text("ffconcat version 1.0\nfile other.mp4\n"),
    "noise": lambda path: path.write_bytes(random.Random(5).randbytes(20_000)),
    "audio only": sound,
    "zero length": no_pictures,
}


@pytest.mark.parametrize("command", ["ingest", "ask", "search"])
@pytest.mark.parametrize("kind", sorted(BAD))
def test_what_is_no_video_is_refused_in_one_line(inside, refused, kind, command):
    path = inside.home / "film.mp4"
    BAD[kind](path)
    words = ["What is red ?"] if command == "ask" else ["red"] if command == "search" else []
    done = inside.run(command, path, *words)
    assert "film.mp4" in refused(done)
    assert done.returncode == (4 if kind == "missing" else 3)
    assert done.stdout == ""
    assert inside.run("list").stdout == ""


@pytest.mark.parametrize("command", ["ingest", "ask", "search", "inspect", "remove", "reencode"])
@pytest.mark.parametrize(
    ("source", "code", "word"),
    [
        ("", 2, "is empty"),
        ("ftp://anna:hunt/er2@host/x.mp4?key=k3y", 3, "addresses of kind ftp:// are not read"),
        ("x" * 5000, 4, "no "),
    ],
)
def test_a_source_that_names_no_file_is_refused_and_no_password_shown(
    inside, refused, command, source, code, word
):
    more = {"ask": ["What?"], "search": ["red"], "remove": ["--yes"]}.get(command, [])
    done = inside.run(command, source, *more)
    line = refused(done)
    assert word in line
    assert not any(secret in line for secret in ("anna", "hunt", "er2", "k3y"))
    assert done.returncode == code


@pytest.mark.parametrize(
    "source", ["https://anna:hunt/er2@host/x.mp4?key=k3y", "RTSP://anna:hunter2@camera"]
)
@pytest.mark.parametrize(
    ("command", "code"),
    [("ask", 4), ("search", 4), ("inspect", 4), ("remove", 4), ("reencode", 4), ("ingest", 3)],
)
def test_an_address_that_was_never_watched_shows_no_password(
    inside, refused, command, code, source
):
    more = {"ask": ["What?"], "search": ["red"], "remove": ["--yes"]}.get(command, [])
    done = inside.run(command, source, *more)
    line = refused(done)
    assert "watch" in line
    assert not any(secret in line for secret in ("anna", "hunt", "er2", "k3y"))
    assert done.returncode == code


def test_a_file_in_a_folder_that_looks_like_an_address(inside, clip):
    (inside.home / "http:").mkdir()
    shutil.copy(clip, inside.home / "http:" / "x.mp4")
    assert inside.run("ingest", "http://x.mp4").returncode == 0


def test_a_file_that_is_not_remembered_yet_says_so(inside, refused, clip):
    done = inside.run("inspect", clip)
    assert "is there, but not remembered; ingest it first" in refused(done)
    assert done.returncode == 4


@pytest.mark.parametrize("command", ["ingest", "ask"])
def test_a_home_that_cannot_be_made(inside, refused, clip, command):
    words = ["What is red ?"] if command == "ask" else []
    done = inside.run(command, clip, *words, "--home", "/proc/none")
    assert "cannot be made" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert done.returncode == 5


def without_root_rights():
    """Give up root's right to read anything, where we have it, for the program to start."""
    prctl = ctypes.CDLL(None).prctl
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def test_a_file_that_may_not_be_read(program, clip, refused):
    path = program.home / "film.mp4"
    shutil.copy(clip, path)
    path.chmod(0)
    done = subprocess.run(
        program.command("ingest", path),
        env=program.environment(),
        cwd=program.home,
        capture_output=True,
        text=True,
        preexec_fn=without_root_rights,
        check=False,
    )
    assert "film.mp4" in refused(done)
    assert done.returncode == 3


@pytest.mark.parametrize("command", ["ingest", "ask", "inspect"])
def test_a_file_in_a_folder_that_may_not_be_searched(program, refused, command):
    closed = program.home / "closed"
    closed.mkdir(mode=0o000)
    done = subprocess.run(
        program.command(command, closed / "film.mp4", *(["What?"] if command == "ask" else [])),
        env=program.environment(),
        cwd=program.home,
        capture_output=True,
        text=True,
        preexec_fn=without_root_rights,
        check=False,
    )
    assert "film.mp4" in refused(done)
    assert done.returncode == 4


def test_a_truncated_film_is_remembered_as_far_as_it_goes(inside, long_clip):
    path = inside.home / "film.mkv"
    whole = remuxed(long_clip, inside.home / "whole.mkv")
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 5])
    done = inside.run("ingest", path)
    assert done.returncode == 0, done.stderr
    seen = inspected(inside, path)
    assert 30 <= seen["frames"] <= 80


def test_a_film_damaged_in_the_middle_says_so(inside, long_clip):
    path = remuxed(long_clip, inside.home / "film.mkv")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = random.Random(3).randbytes(2000)
    path.write_bytes(content)
    done = inside.run("ask", path, "What is red ?", "--json")
    assert done.returncode == 0, done.stderr
    seen = inspected(inside, path)
    assert seen["frames"] >= 100
    assert seen["gaps"] or seen["damage"]["packets"] or seen["damage"]["frames"]


def remuxed(source: Path, target: Path) -> Path:
    """The same packets in another container; Matroska can be cut off anywhere."""
    with av.open(str(source)) as film, av.open(str(target), "w") as copy:
        stream = copy.add_stream_from_template(film.streams.video[0])
        for packet in film.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    return target


def small_disk(program, folder, size_bytes, *arguments):
    """Run the program with ``folder`` on a disk of its own of ``size_bytes``; a real one."""
    mount = f"mount -t tmpfs -o size={size_bytes} none '{folder}' && exec \"$@\""
    return subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh",
         *program.command(*arguments)],
        env=program.environment(), cwd=program.home, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_full_disk_is_told_in_one_line(program, long_clip, refused):
    home = program.home / "small"
    home.mkdir()
    probe = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "true"], capture_output=True, check=False
    )
    if probe.returncode:
        pytest.skip("a disk of its own needs a mount namespace, which is not allowed here")
    done = small_disk(program, home, 160 * 1024, "ingest", long_clip, "--home", home)
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 5, done.stderr
    assert last.startswith("streamvid: ")
    assert "Traceback" not in done.stderr


@pytest.mark.slow  # watches two minutes of film twice, in commits of eight frames
def test_a_file_size_limit_loses_nothing(program, long_clip):
    # The memory may not grow beyond 200 kB: a disk that fills up while a film is watched.
    def limit():
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    done = subprocess.run(
        program.command("ingest", long_clip, "--set", "commit_frames=8"),
        env=program.environment(),
        cwd=program.home,
        capture_output=True,
        text=True,
        preexec_fn=limit,
        check=False,
    )
    assert 1 <= done.returncode <= 127, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("streamvid: ")
    kept = inspected(program, long_clip)
    report = json.loads(program.run("ingest", long_clip, "--json").stdout)
    assert report["frames"] == 140
    assert report["new_frames"] == 140 - kept["frames"]


def test_a_file_that_changes_is_a_new_recording_that_names_the_old(inside, clip, long_clip):
    path = inside.home / "film.mp4"
    shutil.copy(clip, path)
    assert inside.run("ingest", path).returncode == 0
    before = inspected(inside, path)
    shutil.copy(long_clip, path)
    assert inside.run("ingest", path).returncode == 0
    after = inspected(inside, path)
    assert after["id"] != before["id"]
    assert after["replaces"] == before["id"]
    assert inspected(inside, before["id"])["frames"] == 9


def test_a_home_that_is_a_file(inside, clip, refused):
    (inside.home / "file").write_text("in the way")
    done = inside.run("ingest", clip, "--home", inside.home / "file")
    refused(done)


def test_a_damaged_memory_is_told_and_others_stay(inside, clip, long_clip):
    inside.run("ingest", clip)
    inside.run("ingest", long_clip)
    recording = inspected(inside, clip)["id"]
    for database in (inside.home / ".local/share/streamvid/recordings" / recording).iterdir():
        if database.is_file() and database.stat().st_size > 1000:
            database.write_bytes(b"scribble " * 500)
    done = inside.run("ask", recording, "What is red ?")
    assert 1 <= done.returncode <= 127
    assert "Traceback" not in done.stderr
    assert inside.run("inspect", long_clip).returncode == 0
    listed = inside.run("list", "--json")
    assert listed.returncode == 0, listed.stderr
    assert "long.mp4" in listed.stdout
    broken = next(r for r in json.loads(listed.stdout)["recordings"] if r["id"] == recording)
    assert "damaged" in broken["problem"]
    assert broken["name"] == "colours.mp4"
    assert "  broken: " in inside.run("list").stdout
    for source in (clip, recording[:8]):
        assert inside.run("remove", source).returncode == 2  # asks first, as always
    removed = inside.run("remove", recording[:8], "--yes")
    assert removed.returncode == 0, removed.stderr
    assert "removed colours.mp4" in removed.stdout
    assert "colours.mp4" not in inside.run("list").stdout


def test_a_name_or_home_that_is_no_utf_8_works(program, clip):
    path = program.home / os.fsdecode(b"caf\xe9.mp4")
    shutil.copy(clip, path)
    home = program.home / os.fsdecode(b"h\xe9")
    asked = ("ask", path, "What is red ?", "--json", "--home", home)
    done = program.run(*asked)
    assert done.returncode == 0, done.stderr
    assert "h%E9/stills" in json.loads(done.stdout)["evidence"][0]["still"]
    assert program.run(*asked, LC_ALL="POSIX").returncode == 0
    (line,) = json.loads(program.run("list", "--json", "--home", home).stdout)["recordings"]
    assert line["name"] == "caf?.mp4"
    assert line["source"].endswith("/caf%E9.mp4")
    assert program.run("inspect", path, "--home", home).returncode == 0


def test_a_model_that_cannot_be_loaded(inside, clip, refused):
    done = inside.run("ask", clip, "What?", "--model", "no_such_module:load")
    assert "no_such_module" in refused(done)
    assert done.returncode == 6


def test_a_source_that_nobody_knows(inside, refused):
    for command in ("inspect", "remove"):
        done = inside.run(command, "nobody", *(["--yes"] if command == "remove" else []))
        assert "nobody" in refused(done)
        assert done.returncode in (3, 4)
