"""``streamvid probe``: what is in a source, or why nothing is seen, in one line."""

import json
import wave

import pytest

from tests.apps.watched import PICTURE


@pytest.fixture
def sound(tmp_path):
    path = tmp_path / "sound.wav"
    with wave.open(str(path), "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(bytes(16000))
    return path


def test_a_file_is_described(inside, clip):
    done = inside.run("probe", clip)
    assert done.returncode == 0, done.stderr
    assert "h264" in done.stdout
    assert "96" in done.stdout
    document = json.loads(inside.run("probe", clip, "--json").stdout)
    assert document["seen"]
    assert document["source"] == str(clip)


def test_a_live_source_is_described(program):
    done = program.run("probe", PICTURE, "--json")  # it watches for some seconds
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["seen"]
    assert document["coded"] == [96, 64]


def test_a_refused_connection_is_one_line_without_the_password(program):
    done = program.run("probe", "rtsp://user:secret@127.0.0.1:1/x")
    assert done.returncode == 3
    looking, said = done.stderr.splitlines()
    assert looking.startswith("looking at rtsp://127.0.0.1:1/x")
    assert said.startswith("streamvid: ")
    assert "refused" in said
    assert "secret" not in done.stderr + done.stdout


def test_a_refused_connection_is_a_document_too(program):
    done = program.run("probe", "rtsp://user:secret@127.0.0.1:1/x", "--json")
    assert done.returncode == 3
    document = json.loads(done.stdout)
    assert not document["seen"]
    assert document["reason"] == "unreachable"
    assert "secret" not in done.stderr + done.stdout


def test_sound_alone_is_no_video(inside, refused, sound):
    done = inside.run("probe", sound)
    assert done.returncode == 3
    assert "sound.wav" in refused(done)


def test_a_missing_file_is_one_line(inside, refused):
    done = inside.run("probe", "nothing.mp4")
    assert done.returncode == 4
    assert "nothing.mp4" in refused(done)


@pytest.mark.parametrize("address", ["rtsp://", "rtsp://user:secret@[/x"])
def test_a_wrong_address_is_one_line(inside, refused, address):
    done = inside.run("probe", address)
    assert done.returncode == 3
    assert "secret" not in refused(done)
