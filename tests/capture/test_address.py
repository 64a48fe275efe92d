from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture import Address, AddressError, Credentials

words = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=5, max_size=20
)


@pytest.mark.parametrize(
    ("text", "kind", "public", "location"),
    [
        ("rtsp://cam/a", "rtsp", "rtsp://cam/a", "rtsp://cam/a"),
        ("RTSP://CAM:554/a?k=v", "rtsp", "rtsp://cam/a", "rtsp://cam/a?k=v"),
        ("rtsps://cam:7441/a", "rtsp", "rtsps://cam:7441/a", "rtsps://cam:7441/a"),
        ("rtsp://[::1]:8554/a", "rtsp", "rtsp://[::1]:8554/a", "rtsp://[::1]:8554/a"),
        ("http://cam:8080/x.mjpg", "http", "http://cam:8080/x.mjpg", "http://cam:8080/x.mjpg"),
        ("https://cam/l.m3u8?t=1", "hls", "https://cam/l.m3u8", "https://cam/l.m3u8?t=1"),
        ("webcam:0", "webcam", "webcam:/dev/video0", "/dev/video0"),
        ("webcam:/dev/video2", "webcam", "webcam:/dev/video2", "/dev/video2"),
        ("lavfi:testsrc2", "lavfi", "lavfi:testsrc2", "testsrc2"),
    ],
)
def test_addresses_are_taken_apart(text, kind, public, location) -> None:
    address = Address.parse(text)
    assert (address.kind, address.public, address.location) == (kind, public, location)
    assert address.identity == address.public


def test_one_camera_has_one_identity() -> None:
    ways = ["rtsp://cam/a", "rtsp://u:p@CAM:554/a?token=1", "RTSP://cam/a#x"]
    assert len({Address.parse(way).identity for way in ways}) == 1


def test_a_path_is_a_source_only_where_realtime_is_asked_for(tmp_path) -> None:
    path = tmp_path / "a film.mp4"
    assert Address.parse(str(path), realtime=True).kind == "file"
    assert Address.parse(str(path), realtime=True).name == "a film.mp4"
    with pytest.raises(AddressError, match="realtime"):
        Address.parse(str(path))


@pytest.mark.parametrize(
    "text",
    ["", " ", "rtsp://", "rtsp://:1/", "rtsp://cam:99999/x", "rtsp://c am/x", "ftp://x/y",
     "webcam:", "webcam:99999", "webcam:/etc/passwd", "lavfi:", "concat://a", "rtsp://a\n/b",
     "rtsp://admin:12/34@cam/", "rtsp://admin:12#34@cam/", "http://x\0"],
)  # fmt: skip
def test_what_is_no_address_is_refused_in_one_line(text) -> None:
    with pytest.raises(AddressError) as refused:
        Address.parse(text)
    assert "\n" not in str(refused.value)
    assert "34" not in str(refused.value)


@given(user=words, password=words, token=words)
def test_no_secret_of_an_address_is_ever_shown(user, password, token) -> None:
    secrets = (user, password, token)
    user_part = f"{quote(user, safe='')}:{quote(password, safe='')}"
    address = Address.parse(f"rtsp://{user_part}@cam.local/live?key={quote(token, safe='')}")
    assert address.credentials == Credentials(user, password)
    shown = f"{address!r} {address} {address.public} {address.identity} {address.name}"
    for secret in secrets:
        if (
            secret
            not in "Address(kind='rtsp', public='rtsp://cam.local/live', name='cam.local/live')"
        ):
            assert secret not in shown
    assert address.url(address.credentials) == (
        f"rtsp://{user_part}@cam.local/live?key={quote(token, safe='')}"
    )


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text) -> None:
    try:
        address = Address.parse(text)
    except AddressError:
        return
    assert address.public
    assert address.name
