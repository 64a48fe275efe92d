"""A film that is gone on with: found again without a process, and behind a child that died."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

import capture
from capture import Address, Frame, LiveSettings, LiveSource
from capture.film import CatchUp, claimed_end_s, reopened_at
from capture.live_open import open_stream
from capture.live_order import live_order
from capture.live_packets import packets
from capture.picture import PictureMaker
from tests.capture.videos import X264, encode, steady, video
from tests.capture.watching import Reader, check, quick


def frames_of(path: Path) -> dict[int, Frame]:
    """The file's frames by tick."""
    with capture.open_file(path) as file:
        return {item.tick: item for item in file if isinstance(item, Frame)}


def order_for(path: Path):
    return live_order(Address.parse(str(path), realtime=True), LiveSettings(), None)


def pictures_from(path: Path, at_s: float):
    """Times and kept pixels of what is decoded of a film that was sought."""
    order = order_for(path)
    opened = reopened_at(open_stream(order), order, at_s)
    codec, maker = opened.stream.codec_context, PictureMaker(336)
    for packet in packets(opened.container, opened.stream, order):
        for picture in codec.decode(packet):
            time_s = float(picture.pts * opened.stream.time_base)
            yield time_s, maker.pixels(picture, opened.stream.sample_aspect_ratio)
    opened.container.close()


def test_any_second_of_a_film_is_found_again_in_its_own_pixels(any_video: Path) -> None:
    if any_video.name == "shuffled.avi":
        pytest.skip("its own times are those of decoding")
    order = order_for(any_video)
    opened = open_stream(order)
    first_s = float((opened.stream.start_time or 0) * opened.stream.time_base)
    opened.container.close()
    for tick, frame in frames_of(any_video).items():
        wanted_s = first_s + frame.t_s - 1e-6
        found = next(p for at_s, p in pictures_from(any_video, first_s + tick) if at_s >= wanted_s)
        assert (found == frame.pixels).all(), tick


def test_what_cannot_be_sought_is_read_from_its_start() -> None:
    order = live_order(Address.parse("lavfi:testsrc2=rate=10:duration=3"), LiveSettings(), None)
    opened = reopened_at(open_stream(order), order, 2.0)
    first = next(packets(opened.container, opened.stream, order))
    assert (first.pts, claimed_end_s(opened)) == (0, None)
    opened.container.close()


def test_a_film_says_where_it_ends(video_folder: Path) -> None:
    for name, end_s in (("b_frames.mp4", 6.0), ("offset.ts", 5006.0)):
        opened = open_stream(order_for(video(name, video_folder)))
        assert claimed_end_s(opened) == pytest.approx(end_s, abs=0.1)
        opened.container.close()


def test_past_seconds_are_passed_over_and_the_present_one_is_shown_from_its_first_picture() -> None:
    catch_up = CatchUp(1000.0, 1000.5, until_s=2000.0)
    assert catch_up.passes_over(8.4, 1010.0)
    assert catch_up.passes_over(9.4, 1010.0)  # tick 8 of 9
    assert catch_up.passes_over(None, 1010.0)
    assert catch_up.newest_s == 1009.4
    assert not catch_up.passes_over(9.5, 1010.4)
    assert not catch_up.gave_up


def test_a_film_that_is_decoded_too_slowly_is_taken_as_it_comes() -> None:
    catch_up = CatchUp(1000.0, 1000.0, until_s=1020.0)
    assert catch_up.passes_over(8.0, 1019.9)
    assert not catch_up.passes_over(8.1, 1020.0)
    assert catch_up.gave_up


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    return encode(path, steady(7.6, 15), fps=15, gop=60, size=(160, 128), options=X264)


def killed(reader: Reader) -> None:
    os.kill(reader.source.status().child_pid, signal.SIGKILL)


def same_as_in_the_file(frames: list[Frame], filed: dict[int, Frame]) -> bool:
    return all(
        frame.t_s == pytest.approx(filed[frame.tick].t_s, abs=1e-5)
        and (frame.pixels == filed[frame.tick].pixels).all()
        for frame in frames
    )


@pytest.mark.slow  # the film is played whole, which takes as long as it is
def test_a_film_goes_on_where_its_time_stands_when_its_child_dies(film: Path) -> None:
    settings = quick(backoff_s=(3.2,), jitter=0)
    with LiveSource(Address.parse(str(film), realtime=True), settings) as source:
        reader = Reader(source)
        reader.until(lambda: len(reader.frames) == 2, 8)
        killed(reader)
        reader.until(lambda: source.ended, 12)
    assert reader.states == ["connecting", "seeing", "reconnecting", "seeing", "ended"]
    assert reader.event("reconnecting").reason == "child died"
    assert reader.items[-1].reason == "end"
    assert same_as_in_the_file(reader.frames, frames_of(film))
    ticks = [frame.tick for frame in reader.frames]
    assert ticks[:2] == [0, 1]
    assert ticks[2:] == list(range(ticks[2], 8))  # to its end
    assert 4 <= ticks[2] <= 6
    # Ticks 2 and 3 are covered; what is blind lies between them and where it goes on.
    assert [(g.start_s, g.reason) for g in reader.gaps] == [(4.0, "restarted")] * (ticks[2] > 4)
    last = reader.frames[-1]
    assert last.received_s - reader.frames[0].received_s == pytest.approx(7.0, abs=0.3)
    assert (source.status().reconnects, source.status().anchors) == (1, 0)
    check(reader.items, source)
    assert source.counters().expected == 8


@pytest.mark.slow  # as above
def test_a_film_ends_at_its_end_though_nobody_saw_it(film: Path) -> None:
    settings = quick(backoff_s=(60.0,), jitter=0)
    with LiveSource(Address.parse(str(film), realtime=True), settings) as source:
        reader = Reader(source)
        reader.until(lambda: len(reader.frames) == 3, 8)
        killed(reader)
        reader.until(lambda: source.ended, 12)
    assert reader.items[-1].reason == "end"
    check(reader.items, source)
    assert source.counters().expected == 8  # and not the minute that it would have waited
    assert same_as_in_the_file(reader.frames, frames_of(film))


@pytest.mark.slow  # seconds of a graph
def test_a_graph_is_drawn_again_up_to_where_its_time_stands() -> None:
    address = Address.parse("lavfi:testsrc2=size=160x120:rate=10:duration=5")
    with LiveSource(address, quick()) as source:
        reader = Reader(source)
        reader.until(lambda: len(reader.frames) == 2, 8)
        killed(reader)
        reader.until(lambda: source.ended, 8)
    assert [frame.tick for frame in reader.frames] == [0, 1, 2, 3, 4]
    assert all(frame.t_s == pytest.approx(frame.tick, abs=1e-5) for frame in reader.frames)


def test_a_film_that_was_never_seen_has_ended_with_its_child() -> None:
    source = LiveSource(Address.parse("lavfi:testsrc2,realtime,trim=start=60"), quick())
    source.start()
    reader = Reader(source)
    reader.until(lambda: source.status().child_pid is not None, 4)
    killed(reader)
    reader.until(lambda: source.ended, 4)
    assert (reader.items[-1].state, reader.items[-1].reason) == ("ended", "child died")
    source.close()
