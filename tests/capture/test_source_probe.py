from __future__ import annotations

import time

import pytest

from capture import Address, LiveSettings, SourceError, encode_still, probe_source
from tests.capture.servers import (
    RtspServer,
    always,
    audio_only,
    metadata_only,
    mjpeg,
    of_unknown_codec,
    scripted,
)
from tests.capture.videos import X264, encode, picture, steady


def test_a_generated_picture_is_described() -> None:
    found = probe_source(Address.parse("lavfi:testsrc2=size=640x480:rate=10"))
    assert (found.coded, found.kept, found.container) == ((640, 480), (448, 336), "lavfi")
    assert found.measured_fps == pytest.approx(10)
    assert found.sampled == "the first picture of each second at 448x336"


@pytest.mark.slow  # measures key pictures for six seconds
def test_a_camera_is_described(tmp_path) -> None:
    options = {**X264, "tune": "zerolatency"}
    encode(tmp_path / "cam.mp4", steady(12, 15), fps=15, gop=15, size=(160, 128), options=options)
    with RtspServer(tmp_path) as server:
        found = probe_source(Address.parse(server.url("cam.mp4")))
        assert (found.codec, found.coded, found.has_sound) == ("h264", (160, 128), False)
        assert found.measured_fps == pytest.approx(15, abs=1)
        assert found.key_interval_s == pytest.approx(1.0)
        assert found.keys_only
        assert found.sampled == "a key picture of each second at 160x128"
        assert found.ignored_options == ()
        with pytest.raises(SourceError) as missing:
            probe_source(Address.parse(server.url("other.mp4")))
        assert missing.value.reason == "not found"


@pytest.mark.parametrize(
    ("talk", "reason", "words"),
    [
        (always("401 Unauthorized"), "refused", "check user and password"),
        (always("404 Not Found"), "not found", "check the path"),
        (audio_only, "audio only", "sound and no picture"),
        (metadata_only, "no video", "has no video stream.*another stream"),
    ],
)
def test_why_nothing_is_seen_is_said_in_words(talk, reason, words) -> None:
    with scripted(talk) as port, pytest.raises(SourceError, match=words) as refused:
        probe_source(Address.parse(f"rtsp://eye:s3cret@127.0.0.1:{port}/x?token=abcdef"))
    assert refused.value.reason == reason
    for secret in ("s3cret", "abcdef"):
        assert secret not in str(refused.value)


@pytest.mark.slow  # FFmpeg looks at the packets for some five seconds
def test_a_codec_that_nobody_knows_is_told_with_its_remedy_once() -> None:
    with scripted(of_unknown_codec) as port, pytest.raises(SourceError) as refused:
        probe_source(Address.parse(f"rtsp://127.0.0.1:{port}/x"))
    assert refused.value.reason == "unknown codec"
    assert str(refused.value).count("set the camera to H.264") == 1


def test_a_camera_that_is_not_plugged_in_has_no_path_to_check() -> None:
    with pytest.raises(SourceError, match="plug the camera in") as refused:
        probe_source(Address.parse("webcam:99"))
    assert refused.value.reason == "not found"
    assert "path" not in str(refused.value)


@pytest.mark.slow  # starts a server, which takes a second or more
def test_pictures_that_are_too_large_are_not_opened(tmp_path) -> None:
    encode(tmp_path / "cam.mp4", steady(2, 15), fps=15, size=(160, 128), options=X264)
    with (
        RtspServer(tmp_path) as server,
        pytest.raises(SourceError, match="pictures of 160x128; at most 10000 pixels") as refused,
    ):
        probe_source(Address.parse(server.url("cam.mp4")), LiveSettings(max_frame_px=10_000))
    assert refused.value.reason == "too large"
    assert "smaller stream" in str(refused.value)


@pytest.mark.slow  # FFmpeg tries 125 pictures itself before we see the first
def test_jpegs_that_are_too_large_are_told_from_damaged_ones() -> None:
    jpeg = encode_still(picture(1, 160, 128))
    settings = LiveSettings(first_frame_s=5.0, max_frame_px=10_000)
    with (
        scripted(mjpeg(lambda n: jpeg, 100)) as port,
        pytest.raises(SourceError, match="pictures of 160x128; at most 10000 pixels") as refused,
    ):
        probe_source(Address.parse(f"http://127.0.0.1:{port}/x"), settings)
    assert refused.value.reason == "too large"


@pytest.mark.slow  # cut pictures come for a second and a half, then none for two
def test_pictures_that_never_decode_are_told_from_silence() -> None:
    cut = encode_still(picture(1, 160, 128))[:700]
    with scripted(mjpeg(lambda n: cut, 10)) as port:
        address = Address.parse(f"http://127.0.0.1:{port}/x")
        with pytest.raises(SourceError, match="no picture decodes") as refused:
            probe_source(address, LiveSettings(first_frame_s=2.0))
    assert refused.value.reason == "undecodable"
    assert "no picture within" not in str(refused.value)


def test_a_stream_that_ends_before_its_first_picture_is_lost() -> None:
    cut = encode_still(picture(1, 160, 128))[:700]
    talk = mjpeg(lambda n: cut if n < 5 else None, 20)
    with scripted(talk) as port, pytest.raises(SourceError) as refused:
        probe_source(Address.parse(f"http://127.0.0.1:{port}/x"))
    assert refused.value.reason == "lost"


@pytest.mark.slow  # nothing comes for two seconds
def test_a_server_that_never_answers_is_given_up() -> None:
    with scripted(lambda client: time.sleep(15)) as port:
        began_s = time.monotonic()
        address = Address.parse(f"rtsp://127.0.0.1:{port}/x")
        with pytest.raises(SourceError, match="no picture within 2 s") as refused:
            probe_source(address, LiveSettings(first_frame_s=2.0))
        assert refused.value.reason == "nothing arrives"
        assert 1.9 < time.monotonic() - began_s < 6


@pytest.mark.slow  # waits for the default time limit, which FFmpeg's own must not come before
def test_a_silent_server_is_called_silent_by_default_limits() -> None:
    with scripted(lambda client: time.sleep(40)) as port:
        address = Address.parse(f"rtsp://127.0.0.1:{port}/x")
        with pytest.raises(SourceError, match=r"nothing arrives .*no picture within 20 s"):
            probe_source(address)


@pytest.mark.slow  # a picture or two, and then none for eight seconds
def test_pictures_that_stop_coming_are_told_from_silence() -> None:
    jpeg = encode_still(picture(1, 160, 128))

    def talk(client) -> None:
        mjpeg(lambda n: jpeg if n < 8 else time.sleep(30), 20)(client)

    with scripted(talk) as port, pytest.raises(SourceError, match="then none") as refused:
        probe_source(Address.parse(f"http://127.0.0.1:{port}/x"))
    assert refused.value.reason == "stalled"
