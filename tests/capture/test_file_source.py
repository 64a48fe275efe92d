from __future__ import annotations

import random
import threading
from pathlib import Path

import numpy as np
import pytest

import capture
from tests.capture.videos import X264, encode, steady, uneven, video


def same(left: capture.Frame | capture.Gap, right: capture.Frame | capture.Gap) -> bool:
    """Equal in everything but when it was received."""
    if isinstance(left, capture.Gap) or isinstance(right, capture.Gap):
        return left == right
    return (
        (left.tick, left.t_s, left.kind, left.corrupt)
        == (right.tick, right.t_s, right.kind, right.corrupt)
        and left.pixels.shape == right.pixels.shape
        and bool((left.pixels == right.pixels).all())
    )


def joined(seen: list[capture.Frame | capture.Gap]) -> list[capture.Frame | capture.Gap]:
    """Gaps that touch and share their reason made one, as a single pass has them."""
    out: list[capture.Frame | capture.Gap] = []
    for one in seen:
        last = out[-1] if out else None
        if (
            isinstance(one, capture.Gap)
            and isinstance(last, capture.Gap)
            and (last.end_s, last.reason) == (one.start_s, one.reason)
        ):
            out[-1] = capture.Gap(last.start_s, one.end_s, one.reason)
        else:
            out.append(one)
    return out


def assert_stretches_equal_one_pass(path: Path, step: int, settings: capture.Settings) -> None:
    with capture.open_file(path, settings) as source:
        whole = list(source)
        counters = source.counters()
        index = source.index()
    if not index.seekable:
        with capture.open_file(path, settings) as source, pytest.raises(capture.NotSeekableError):
            source.stretch(0, 1)
        return
    starts = list(range(0, index.ticks or 0, step))
    parts, total = {}, capture.Counters()
    with capture.open_file(path, settings) as source:
        for start in random.Random(step).sample(starts, len(starts)):
            stretch = source.stretch(start, start + step - 1)
            parts[start] = list(stretch)
            total += stretch.counters()
        assert source.counters() == counters
    assert total == counters
    pieces = joined([seen for start in starts for seen in parts[start]])
    assert len(pieces) == len(whole)
    assert all(same(left, right) for left, right in zip(pieces, whole, strict=True))


@pytest.mark.parametrize("sampling", ["tick", "keys"])
def test_stretches_in_any_order_equal_one_pass(any_video: Path, sampling: capture.Sampling) -> None:
    assert_stretches_equal_one_pass(any_video, 2, capture.Settings(sampling=sampling))


@pytest.mark.parametrize(
    "name",
    [
        "bitflips.mp4",
        "corrupt_middle.mp4",
        "truncated_after_moov.mp4",
        "truncated.mkv",
        "pts_gap_10s.mkv",
        "slow_0.2fps.mp4",
        "editlist_negative_start.mp4",
        "size_change.ts",
        "ts_wrap_26h.ts",
        "raw_no_timestamps.h264",
        "interlaced_mpeg2.mpg",
    ],
)
@pytest.mark.parametrize("step", [1, 3])
def test_stretches_of_awkward_files_equal_one_pass(
    robust_folder: Path, name: str, step: int
) -> None:
    assert_stretches_equal_one_pass(robust_folder / name, step, capture.Settings())


def test_a_pass_that_is_resumed_gives_the_rest(any_video: Path) -> None:
    with capture.open_file(any_video) as source:
        whole = [seen for seen in source if isinstance(seen, capture.Frame)]
        rest = [seen for seen in source.frames(2) if isinstance(seen, capture.Frame)]
    expected = [frame for frame in whole if frame.tick >= 2]
    assert len(rest) == len(expected)
    assert all(same(left, right) for left, right in zip(rest, expected, strict=True))


def test_the_identity_holds_at_every_step(any_video: Path) -> None:
    with capture.open_file(any_video) as source:
        running = source.frames()
        for _ in running:
            for counters in (source.counters(), running.counters()):
                assert counters.expected == (
                    counters.seen
                    + counters.covered
                    + counters.dropped
                    + counters.gapped
                    + counters.pending
                )
        assert source.counters().pending == 0


def test_a_timetable_promises_what_a_pass_gives(any_video: Path) -> None:
    with capture.open_file(any_video) as source:
        index = source.index()
        list(source)
        counters = source.counters()
    if index.ticks is not None:
        assert index.ticks == counters.expected
        assert (np.diff(index.key_times_s) > 0).all()
        assert index.key_times_s[0] == 0.0
    assert counters.damaged_packets == counters.damaged_frames == 0


def test_previews_are_key_frames_spread_over_the_file(video_folder: Path) -> None:
    path = video("b_frames.mp4", video_folder)
    with capture.open_file(path) as source:
        every = list(source.previews())
        few = list(source.previews(2))
        key_times_s = source.index().key_times_s.tolist()
        assert source.counters().seen == 0
    with capture.open_file(path, capture.Settings(sampling="keys")) as source:
        keys = [seen for seen in source if isinstance(seen, capture.Frame)]
    assert [frame.t_s for frame in every] == key_times_s
    assert all(frame.kind == "key" for frame in every)
    assert all(same(left, right) for left, right in zip(every, keys, strict=True))
    assert len(few) == 2
    assert few[0].t_s == 0.0
    assert few[1].t_s >= key_times_s[-1] / 2


def test_previews_of_a_file_without_display_times_are_read_in_passing(video_folder: Path) -> None:
    with capture.open_file(video("shuffled.avi", video_folder)) as source:
        assert source.index().ticks is None
        previews = list(source.previews())
    assert len(previews) >= 4


def test_a_file_whose_start_points_lie_too_far_apart_is_not_seekable(video_folder: Path) -> None:
    path = video("one_group.mp4", video_folder)
    settings = capture.Settings(max_stretch_lead_s=1.0)
    with capture.open_file(path, settings) as source:
        assert not source.index().seekable
        assert "only start every" in source.index().why_not_seekable
        assert len(list(source.frames(3))) == 2


def test_key_sampling_covers_by_the_distance_of_key_frames(tmp_path: Path) -> None:
    path = encode(tmp_path / "keys.mp4", steady(12, 10), fps=10, gop=40, options=X264)
    with capture.open_file(path, capture.Settings(sampling="keys")) as source:
        seen = list(source)
        counters = source.counters()
    assert [one.t_s for one in seen if isinstance(one, capture.Frame)] == [0.0, 4.0, 8.0]
    assert (counters.expected, counters.seen, counters.covered) == (12, 3, 9)


def test_a_hole_is_covered_for_two_seconds_and_a_gap_after(tmp_path: Path) -> None:
    times = [*steady(4, 10), *[14 + at_s for at_s in steady(3, 10)]]
    path = encode(tmp_path / "hole.mkv", times, fps=10, options=X264)
    with capture.open_file(path) as source:
        gaps = [seen for seen in source if isinstance(seen, capture.Gap)]
        counters = source.counters()
    assert gaps == [capture.Gap(6.0, 14.0, "no frames")]
    assert (counters.seen, counters.covered, counters.gapped) == (7, 2, 8)


def test_closing_ends_a_running_pass_and_leaves_the_rest_pending(video_folder: Path) -> None:
    source = capture.open_file(video("b_frames.mp4", video_folder))
    running = source.frames()
    next(running)
    source.close()
    source.close()
    assert list(running) == []
    counters = source.counters()
    assert (counters.seen, counters.pending) == (1, counters.expected - 1)
    for call in (source.frames, source.index, source.previews, lambda: source.stretch(0, 1)):
        with pytest.raises(capture.SourceClosedError):
            call()


@pytest.mark.parametrize("frames_before", [0, 1, 3])
def test_closing_from_another_thread_while_it_decodes(
    video_folder: Path, frames_before: int
) -> None:
    source = capture.open_file(video("b_frames.mp4", video_folder))
    running, reached, seen = source.frames(), threading.Event(), []

    def watch() -> None:
        for one in running:
            seen.append(one)
            if len(seen) > frames_before:
                reached.set()
        reached.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert reached.wait(30)
    source.close()
    watcher.join(30)
    assert not watcher.is_alive()
    counters = source.counters()
    assert counters.seen == len(seen)
    assert counters.expected == counters.seen + counters.pending


def test_passes_of_one_source_may_run_side_by_side(video_folder: Path) -> None:
    with capture.open_file(video("b_frames.mp4", video_folder)) as source:
        alone = list(source)
        side_by_side = list(zip(source.frames(), source.stretch(0, 99), strict=True))
    assert len(side_by_side) == len(alone)
    assert all(same(left, right) for left, right in side_by_side)


def test_receipt_times_come_from_the_clocks_that_are_passed_in(video_folder: Path) -> None:
    source = capture.FileSource(
        video("intra.mp4", video_folder),
        capture.Settings(),
        monotonic=iter(range(100)).__next__,
        wall=lambda: 5.0,
    )
    with source:
        frames = [seen for seen in source if isinstance(seen, capture.Frame)]
    assert [frame.received_s for frame in frames] == [0, 1, 2]
    assert {frame.wall_s for frame in frames} == {5.0}


@pytest.mark.parametrize(("first", "last"), [(-1, 3), (3, 2)])
def test_a_stretch_that_is_none_is_refused(video_folder: Path, first: int, last: int) -> None:
    with capture.open_file(video("intra.mp4", video_folder)) as source:
        with pytest.raises(ValueError, match="stretch is"):
            source.stretch(first, last)
        assert list(source.stretch(90, 99)) == []
        with pytest.raises(ValueError, match="start_tick"):
            source.frames(-1)
        with pytest.raises(ValueError, match="limit"):
            source.previews(0)


def test_uneven_times_leave_no_tick_unsettled(tmp_path: Path) -> None:
    path = encode(tmp_path / "uneven.mp4", uneven(15), gop=12, options=X264)
    with capture.open_file(path) as source:
        list(source)
        counters = source.counters()
    assert counters.covered > 0
    assert counters.pending == 0


def test_a_corrupt_file_settles_every_tick_and_says_what_was_damaged(
    video_folder: Path, tmp_path: Path
) -> None:
    content = bytearray(video("b_frames.mp4", video_folder).read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = bytes(4000)
    path = tmp_path / "holed.mp4"
    path.write_bytes(content)
    with capture.open_file(path) as source:
        seen = list(source)
        counters = source.counters()
    assert counters.damaged_packets + counters.damaged_frames > 0
    assert counters.pending == 0
    assert counters.seen == sum(isinstance(one, capture.Frame) for one in seen)
    assert_stretches_equal_one_pass(path, 1, capture.Settings())


@pytest.mark.parametrize("seed", [1, 7, 38])
@pytest.mark.parametrize("sampling", ["tick", "keys"])
def test_stretches_of_a_lossy_transport_stream_equal_one_pass(
    video_folder: Path, tmp_path: Path, seed: int, sampling: capture.Sampling
) -> None:
    content = video("offset.ts", video_folder).read_bytes()
    pieces = [content[at : at + 188] for at in range(0, len(content), 188)]
    dice = random.Random(seed)
    for _ in range(5):
        pieces.pop(dice.randrange(len(pieces) // 6, len(pieces)))
    path = tmp_path / "lossy.ts"
    path.write_bytes(b"".join(pieces))
    assert_stretches_equal_one_pass(path, 1, capture.Settings(sampling=sampling))
