from __future__ import annotations

import time

import pytest

from capture import Address, LiveSettings, SourceError, probe_source
from tests.capture.servers import RtspServer, always, audio_only, scripted
from tests.capture.videos import X264, encode, steady


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
    ],
)
def test_why_nothing_is_seen_is_said_in_words(talk, reason, words) -> None:
    with scripted(talk) as port, pytest.raises(SourceError, match=words) as refused:
        probe_source(Address.parse(f"rtsp://eye:s3cret@127.0.0.1:{port}/x?token=abcdef"))
    assert refused.value.reason == reason
    for secret in ("s3cret", "abcdef"):
        assert secret not in str(refused.value)


@pytest.mark.slow  # nothing comes for three seconds
def test_a_server_that_never_answers_is_given_up() -> None:
    with scripted(lambda client: time.sleep(15)) as port:
        began_s = time.monotonic()
        address = Address.parse(f"rtsp://127.0.0.1:{port}/x")
        with pytest.raises(SourceError, match="nothing arrives"):
            probe_source(address, LiveSettings(first_frame_s=1.0))
        assert time.monotonic() - began_s < 12
