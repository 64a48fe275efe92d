from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory import describe_live, public_address

SAFE = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=12)
SECRET = st.text("SECRT!$&'()*+,;=%@:", min_size=4, max_size=12)
"""Capital letters, which no host and no path below has."""


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("rtsp://admin:hunter2@cam:554/one", "rtsp://cam:554/one"),
        ("RTSP://Cam.Local/One?user=admin&password=x#y", "rtsp://cam.local/One"),
        ("rtsp://admin:p@ss@cam/one", "rtsp://cam/one"),
        ("rtsp://admin:p/ss@cam/one", "rtsp://cam/one"),
        ("rtsp://admin:p?s#s@cam/one", "rtsp://"),
        ("http://host/@channel/live", "http://host/@channel/live"),
        ("http://host/mail?to=a@b", "http://host/mail"),
        ("rtsp://u:p@[fe80::1]:554/x", "rtsp://[fe80::1]:554/x"),
        ("rtsp://token@cam", "rtsp://cam"),
        ("rtsp://a:b:c", "rtsp://"),
        ("webcam:0", "webcam:0"),
        ("lavfi:testsrc2=size=320x240:rate=5", "lavfi:testsrc2=size=320x240:rate=5"),
        ("front door?", "front door?"),
        ("file:///films/a%20b.mp4", "file:///films/a%20b.mp4"),
        ("", ""),
    ],
)
def test_an_address_is_kept_without_what_is_secret(address: str, kept: str) -> None:
    assert public_address(address) == kept
    assert public_address(kept) == kept


@given(SAFE, SECRET, SECRET, SAFE, SAFE, SECRET)
def test_no_part_of_user_password_or_query_is_kept(
    scheme: str, user: str, password: str, host: str, path: str, query: str
) -> None:
    address = f"x{scheme}://{user}:{password}@{host}:8554/{path}?{query}"
    assert public_address(address) == f"x{scheme}://{host}:8554/{path}"


@given(st.text(max_size=40), st.sampled_from(["rtsp://", "http://u:p@", ""]))
def test_any_text_is_taken_and_twice_is_as_good_as_once(text: str, before: str) -> None:
    once = public_address(before + text)
    assert public_address(once) == once


@given(st.text("SECRT/?#@:[]", max_size=12))
def test_an_unescaped_password_never_comes_through(password: str) -> None:
    kept = public_address(f"rtsp://me:S{password}:@cam/one")
    assert "S" not in kept


def test_a_live_source_goes_by_its_name_else_by_its_address() -> None:
    plain = describe_live("rtsp://me:pw@cam/one?x=1")
    assert (plain.id, plain.name, plain.kind) == ("rtsp://cam/one", "rtsp://cam/one", "live")
    named = describe_live("rtsp://me:pw@cam/one", name="front")
    assert (named.id, named.name, named.address) == ("front", "front", "rtsp://cam/one")
    assert describe_live("webcam:0", name="rtsp://me:pw@cam").id == "rtsp://cam"
    assert named.path is None
