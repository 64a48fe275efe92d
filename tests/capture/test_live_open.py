from __future__ import annotations

import av
import pytest

from capture import Address, Credentials, LiveSettings
from capture.key_meter import KeyMeter
from capture.live_open import clean, ignored_options, options_for
from capture.live_order import WATCH_WITHIN_S, live_order
from capture.opencv_camera import camera_pictures
from tests.capture.videos import encode, steady

KINDS = ("rtsp", "http", "hls")
MAJOR = av.library_versions["libavformat"][0]


@pytest.mark.parametrize("kind", KINDS)
def test_this_ffmpeg_knows_what_we_ask_of_it(kind) -> None:
    options = options_for(kind, avformat_major=MAJOR, io_limit_s=25, stall_s=20, max_frame_px=10**7)
    assert ignored_options(kind, tuple(options)) == ()


def test_an_unknown_option_is_found_out() -> None:
    assert ignored_options("rtsp", ("stimeout", "timeout")) == ("stimeout",)
    assert ignored_options("rtsp", ("rw_timeout",)) == ("rw_timeout",)


def test_the_time_limit_of_rtsp_is_named_by_version() -> None:
    old = options_for("rtsp", avformat_major=58, io_limit_s=25, stall_s=20, max_frame_px=10**7)
    new = options_for("rtsp", avformat_major=62, io_limit_s=25, stall_s=20, max_frame_px=10**7)
    assert "stimeout" in old
    assert "timeout" not in old
    assert new["timeout"] == "25000000"
    assert new["rtsp_transport"] == "tcp"


@pytest.mark.parametrize(
    "settings",
    [
        LiveSettings(),
        LiveSettings(first_frame_s=600.0),
        LiveSettings(stall_s=3600.0),
        LiveSettings(first_frame_s=0.2, stall_s=0.2),
    ],
    ids=["default", "late", "rare", "short"],
)
def test_ffmpegs_time_limit_lies_above_each_of_ours(settings) -> None:
    # It knows no reason: what it ends passes for a server that sends nonsense.
    order = live_order(Address.parse("rtsp://cam/x"), settings, None)
    assert order.io_limit_s > max(settings.first_frame_s, settings.stall_s, WATCH_WITHIN_S) + 4
    # Nor does the parent, who gives up at the limit: pictures that do not decode are told before.
    limit_s = settings.first_frame_s
    assert order.is_undecodable(0.99 * limit_s, 0.9 * limit_s)
    assert not order.is_undecodable(0.99 * limit_s, 0.1 * limit_s)


@pytest.mark.parametrize("kind", KINDS)
def test_no_remote_server_can_make_us_open_a_file(kind) -> None:
    options = options_for(kind, avformat_major=MAJOR, io_limit_s=25, stall_s=20, max_frame_px=10**7)
    assert not {"file", "concat", "pipe", "data"} & set(options["protocol_whitelist"].split(","))
    if kind == "http":
        assert "hls" not in options["format_whitelist"].split(",")


def test_ffmpegs_words_lose_every_secret() -> None:
    address = Address.parse("rtsp://eye:p%40ss%20word@cam/x?token=abcdef")
    order = live_order(address, LiveSettings(), Credentials("eye", "p@ss word"))
    said = f"Server returned 401: '{order.url}' for eye with p@ss word or abcdef"
    shown = clean(said, order)
    for secret in ("p@ss", "p%40ss", "abcdef", "eye"):
        assert secret not in shown


def test_key_pictures_are_enough_only_where_they_come_each_second() -> None:
    meter = KeyMeter("auto")
    changes = [meter.key(float(n), 0.0) for n in range(6)]
    assert changes == [False, False, False, True, False, False]
    assert meter.keys_only
    assert meter.key(7.5, 0.0)
    assert not meter.keys_only
    slow = KeyMeter("auto")
    assert not any(slow.key(2.0 * n, 0.0) for n in range(9))
    assert KeyMeter("keys").keys_only
    assert not KeyMeter("all").keys_only


def test_a_first_key_without_a_time_is_not_measured_against_the_next() -> None:
    meter = KeyMeter("auto")
    meter.key(None, 47000.0)
    meter.key(0.0, 47000.1)
    meter.key(2.0, 47002.1)
    assert meter.interval_s == 2.0


def test_opencvs_cameras_give_pictures_without_times(tmp_path) -> None:
    path = encode(tmp_path / "seen.mp4", steady(0.5), size=(64, 48))  # stands for a camera
    pictures = list(camera_pictures(str(path)))
    assert len(pictures) == 15
    assert (pictures[0].width, pictures[0].height, pictures[0].pts) == (64, 48, None)
