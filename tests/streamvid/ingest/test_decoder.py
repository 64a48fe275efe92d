from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from capture import Frame, Gap, StillError, decode_still
from memory import GapRow
from streamvid.ingest.decoder import Decoder, Prepared, StillFormat, StretchEnd, StretchStart

JPEG, PNG = StillFormat(90, lossless=False), StillFormat(90, lossless=True)
LIMIT_S = 20.0


def frame(tick: int, pixels: np.ndarray | None = None) -> Frame:
    picture = np.full((24, 32, 3), tick % 256, np.uint8) if pixels is None else pixels
    return Frame(picture, float(tick), tick, "tick", 0.0, 0.0)


def read(decoder: Decoder) -> list[object]:
    items: list[object] = []
    while (item := decoder.next_item(LIMIT_S)) is not None:
        items.append(item)
    return items


def test_items_come_in_order_with_stills_made() -> None:
    steps = [StretchStart(0), frame(0), Gap(1.0, 5.0, "no frames"), frame(5), StretchEnd(6)]
    with Decoder(lambda: iter(steps), JPEG, waiting=2, abort=pytest.fail) as decoder:
        start, first, gap, second, end = read(decoder)
    assert (start, end) == (StretchStart(0), StretchEnd(6))
    assert gap == GapRow(1.0, 5.0, "no frames")
    assert isinstance(first, Prepared)
    assert isinstance(second, Prepared)
    assert (first.tick, second.tick) == (0, 5)
    np.testing.assert_array_equal(first.pixels, decode_still(first.still))


def test_lossless_stills_are_the_frame_itself() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (24, 32, 3), dtype=np.uint8)
    for still_format, same in ((PNG, True), (JPEG, False)):
        steps = [frame(0, pixels)]
        with Decoder(lambda s=steps: iter(s), still_format, waiting=2, abort=pytest.fail) as d:
            (item,) = read(d)
        assert isinstance(item, Prepared)
        assert (item.pixels == pixels).all() == same


def test_it_stays_only_so_far_ahead_of_its_reader() -> None:
    made: list[int] = []

    def script() -> Iterator[Frame]:
        for tick in range(50):
            made.append(tick)
            yield frame(tick)

    with Decoder(script, JPEG, waiting=3, abort=pytest.fail) as decoder:
        for read_frames in range(1, 51):
            assert decoder.next_item(LIMIT_S) is not None
            assert len(made) <= read_frames + 5  # three wait, one is being put, one being made
    assert len(made) == 50


def test_an_error_comes_in_its_place() -> None:
    def script() -> Iterator[Frame]:
        yield frame(0)
        raise StillError("broken")

    with Decoder(script, JPEG, waiting=9, abort=pytest.fail) as decoder:
        assert decoder.next_item(LIMIT_S) is not None
        with pytest.raises(StillError, match="broken"):
            decoder.next_item(LIMIT_S)


def test_waiting_for_an_item_has_an_end() -> None:
    go = threading.Event()

    def script() -> Iterator[Frame]:
        go.wait(LIMIT_S)
        yield frame(0)

    with Decoder(script, JPEG, waiting=2, abort=pytest.fail) as decoder:
        with pytest.raises(queue.Empty):
            decoder.next_item(0.01)
        go.set()
        assert decoder.next_item(LIMIT_S) is not None


def test_leaving_early_closes_the_script_in_its_own_thread() -> None:
    closed_in: list[int] = []

    def script() -> Iterator[Frame]:
        try:
            for tick in itertools.count():
                yield frame(tick)
        finally:
            closed_in.append(threading.get_ident())

    with Decoder(script, JPEG, waiting=2, abort=pytest.fail) as decoder:
        decoder.next_item(LIMIT_S)
    assert len(closed_in) == 1
    assert closed_in[0] != threading.get_ident()


def test_a_script_that_gives_nothing_is_aborted() -> None:
    aborted = threading.Event()

    def script() -> Iterator[Frame]:
        aborted.wait(LIMIT_S)
        return
        yield

    with Decoder(script, JPEG, waiting=2, abort=aborted.set):
        pass
    assert aborted.is_set()
