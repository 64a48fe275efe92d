"""What a live recording may take where nobody says it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.cli.live_options import LiveChoice
from apps.keeping import LEAST_BYTES, LEAVE_BYTES, MOST_BYTES, default_keep
from streamvid.live import DiskRoom, Keep

GB = 10**9
BYTES = st.integers(0, 10**13)


def most(held_bytes: int, free_bytes: int, **more: int) -> int:
    return default_keep(DiskRoom(held_bytes, free_bytes, **more)).most_bytes


def test_it_is_what_is_held_and_a_quarter_of_what_is_free() -> None:
    assert most(3 * GB, 20 * GB) == 8 * GB
    assert most(3 * GB, 10**12) == MOST_BYTES


def test_a_fuller_disk_takes_nothing_of_what_is_held() -> None:
    assert most(3 * GB, 12_000_000) == 3 * GB + 3_000_000
    assert most(3 * GB, 0) == 3 * GB
    assert most(80 * GB, 10**12) == 80 * GB  # it was given more once


def test_sources_share_the_quarter_whether_known_beforehand_or_added() -> None:
    room = DiskRoom(0, 80 * GB)
    assert default_keep(room, sources=4).most_bytes == 5 * GB
    assert default_keep(DiskRoom(0, 80 * GB, watched=3)).most_bytes == 5 * GB
    promised = DiskRoom(0, 80 * GB, promised_bytes=40 * GB, watched=1)
    assert default_keep(promised).most_bytes == 5 * GB


def test_what_is_said_on_the_command_line_goes_first() -> None:
    room = DiskRoom(0, 80 * GB)
    assert LiveChoice(30 * GB, None).keep(room, sources=4) == Keep(30 * GB)
    assert LiveChoice(None, None).keep(room, sources=4) == default_keep(room, sources=4)


def test_a_full_disk_leaves_a_new_recording_its_least() -> None:
    assert default_keep(DiskRoom(0, 0)) == Keep(LEAST_BYTES, leave_bytes=0)
    assert default_keep(DiskRoom(0, 10 * GB)).leave_bytes == LEAVE_BYTES
    assert default_keep(DiskRoom(0, GB)).leave_bytes == GB // 2


@settings(deadline=None)
@given(free_bytes=BYTES, held=st.lists(BYTES, min_size=1, max_size=40), known=st.integers(1, 16))
def test_however_many_are_added_what_they_may_grow_by_is_on_the_disk(
    free_bytes: int, held: list[int], known: int
) -> None:
    promised = 0
    for watched, held_bytes in enumerate(held):
        room = DiskRoom(held_bytes, free_bytes, promised, watched)
        keep = default_keep(room, sources=known)
        assert keep.most_bytes >= held_bytes
        if held_bytes >= LEAST_BYTES:
            promised += keep.most_bytes - held_bytes
        if watched < known:
            assert promised <= free_bytes / 4
    assert promised <= free_bytes
