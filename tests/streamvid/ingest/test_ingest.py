"""Ingest of real files through the real capture, memory and engine, with the tests' tiny model."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from capture import open_file
from memory import Home, Recording, describe_file
from streamvid.answer import TimeRange
from streamvid.answer.span import bounds
from streamvid.engine import Engine
from streamvid.errors import IngestInterruptedError, StorageFullError
from streamvid.ingest import IngestProgress
from streamvid.ingest.ingest import First, Ingest, Outcome, model_identity
from streamvid.settings import Settings
from streamvid.translate import translated
from tests.streamvid.films import damage, film
from tests.streamvid.tiny_model import TinyModel

NOISE = 1e-3  # a frame's numbers depend on its batch, so a batch cut otherwise shows


@dataclass
class Bench:
    """An engine and a folder of homes; each ``ingest`` goes to the home it names."""

    folder: Path
    engine: Engine

    def recording(self, path: Path, home: str) -> Recording:
        return Home(self.folder / home).ensure(
            describe_file(path), model_identity(self.engine.facts()), created_wall_s=0.0
        )

    def ingest(
        self, path: Path, home: str, settings: Settings | None = None, **options: Any
    ) -> tuple[Recording, Outcome]:
        recording = self.recording(path, home)
        with (
            open_file(path) as source,
            recording.writer(model_identity(self.engine.facts())) as writer,
        ):
            run = Ingest(source, recording, self.engine, settings=settings or Settings(), **options)
            outcome = run.run(writer)
            with recording.snapshot() as snapshot:
                theirs, ours = source.counters(), snapshot.counters()
        if outcome.new_frames == ours.seen:  # one run did it all: it must agree with capture
            assert (ours.expected, ours.seen, ours.covered, ours.gapped) == (
                theirs.expected, theirs.seen, theirs.covered, theirs.gapped
            )  # fmt: skip
            assert (ours.damage_packets, ours.damage_frames) == (
                theirs.damaged_packets, theirs.damaged_frames
            )  # fmt: skip
        return recording, outcome


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Engine(lambda: TinyModel(batch_noise=NOISE)) as engine:
        yield Bench(tmp_path, engine)


@pytest.fixture(scope="module")
def long_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 s with a gap inside a block, one over block borders, and seconds that are covered."""
    return film(
        tmp_path_factory.mktemp("film") / "long.mp4",
        300,
        colour_at=lambda second: ("red", "green", "blue")[second // 40 % 3],
        gaps=[(10, 25), (100, 150), (250, 252)],
    )


TWO_PASSES = Settings(two_pass_min_s=60.0, preview_frames=40)


def digest(recording: Recording) -> str:
    with recording.snapshot() as snapshot:
        return snapshot.digest()


def test_every_tick_is_settled_and_the_counters_are_captures(bench: Bench, long_film: Path) -> None:
    recording, outcome = bench.ingest(long_film, "a")
    assert outcome.new_frames == 300 - 15 - 50 - 2
    assert not outcome.two_passes
    with recording.snapshot() as snapshot:
        assert snapshot.complete
        assert snapshot.frame_count() == 233
        counters = snapshot.counters()
        assert counters.balanced
        assert (counters.expected, counters.pending) == (300, 0)
        assert [(gap.start_s, gap.end_s) for gap in snapshot.gaps()] == [(12, 25), (102, 150)]
        assert [s.first_tick for s in snapshot.segments()] == [0, 25, 64, 150, 192, 256]


def test_two_passes_end_in_the_same_memory_as_one(
    bench: Bench, long_film: Path, whole: Recording
) -> None:
    two, outcome = bench.ingest(long_film, "two", TWO_PASSES)
    assert outcome.two_passes
    assert digest(whole) == digest(two)


def test_what_is_wanted_is_done_first_and_the_memory_is_the_same(
    bench: Bench, long_film: Path, whole: Recording
) -> None:
    recording = bench.recording(long_film, "two")
    recording.wanted(210.0, 260.0)
    order: list[int] = []

    def note(progress: IngestProgress) -> None:
        with recording.snapshot() as snapshot:
            order.extend(t for t in snapshot.frames().ticks.tolist() if t not in order)

    two, _ = bench.ingest(long_film, "two", TWO_PASSES, progress=note)
    assert 192 <= order[0] < 300
    assert order.index(210) < order.index(0)
    assert digest(whole) == digest(two)


def test_a_wish_in_the_middle_of_a_run_is_heard(bench: Bench, tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", 400, fps=1)
    one, _ = bench.ingest(path, "one")
    recording = bench.recording(path, "two")
    order: list[int] = []

    def note(progress: IngestProgress) -> None:
        with recording.snapshot() as snapshot:
            order.extend(t for t in snapshot.frames().ticks.tolist() if t not in order)
        if order and len(order) < 70:
            recording.wanted(390.0, 391.0)

    two, _ = bench.ingest(path, "two", TWO_PASSES, progress=note)
    assert order.index(390) < order.index(300)
    assert digest(one) == digest(two)


@pytest.mark.parametrize(
    "within", [TimeRange(200, 210), TimeRange(last_s=50), TimeRange(98, 155), TimeRange(0, 299)]
)
def test_a_stretch_done_before_the_previews_changes_nothing_in_the_end(
    bench: Bench, long_film: Path, whole: Recording, within: TimeRange
) -> None:
    recording = bench.recording(long_film, "a")
    identity = model_identity(bench.engine.facts())
    there: list[int] = []

    def done() -> None:
        with recording.snapshot() as snapshot:
            there.extend(snapshot.frames().ticks.tolist())
            assert snapshot.preview_count() == 0

    with open_file(long_film) as source, recording.writer(identity) as writer:
        run = Ingest(source, recording, bench.engine, settings=TWO_PASSES)
        outcome = run.run(writer, First(within, done))
    assert outcome.new_frames >= 233
    start_s, end_s = bounds(within, 300)
    if end_s - start_s > TWO_PASSES.two_pass_min_s:  # then previews come first
        assert there == []
    else:
        assert start_s - 64 < min(there) <= max(there) < end_s + 64
    assert digest(recording) == digest(whole)


def test_previews_answer_before_the_rest_and_are_gone_in_the_end(
    bench: Bench, long_film: Path
) -> None:
    recording = bench.recording(long_film, "a")
    previews: list[int] = []

    def count(progress: IngestProgress) -> None:
        with recording.snapshot() as snapshot:
            previews.append(snapshot.preview_count())

    bench.ingest(long_film, "a", TWO_PASSES, progress=count)
    assert 16 <= max(previews) <= 40
    assert previews[-1] == 0


@pytest.fixture(scope="module")
def whole(long_film: Path, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """What one undisturbed pass remembers."""
    with Engine(lambda: TinyModel(batch_noise=NOISE)) as engine:
        return Bench(tmp_path_factory.mktemp("whole"), engine).ingest(long_film, "whole")[0]


@pytest.mark.parametrize("settings", [Settings(), TWO_PASSES], ids=["one pass", "two passes"])
@pytest.mark.parametrize("stop_after", [1, 5])
def test_a_stopped_ingest_goes_on_and_ends_in_the_same_memory(
    bench: Bench, long_film: Path, whole: Recording, settings: Settings, stop_after: int
) -> None:
    settings = replace(settings, commit_frames=16)
    commits = itertools.count()
    stopping: list[bool] = []

    def stop(progress: IngestProgress) -> None:
        if progress.done_ticks and next(commits) >= stop_after:
            stopping.append(True)

    with pytest.raises(IngestInterruptedError, match="run it again to go on"):
        bench.ingest(long_film, "part", settings, progress=stop, cancelled=lambda: bool(stopping))
    part = bench.recording(long_film, "part")
    with part.snapshot() as snapshot:
        kept = snapshot.frame_count()
        assert kept > 0
        assert not snapshot.complete
    _, outcome = bench.ingest(long_film, "part", settings)
    assert outcome.new_frames == 233 - kept
    assert digest(part) == digest(whole)


def test_an_ingest_that_is_complete_finds_nothing_to_do(bench: Bench, long_film: Path) -> None:
    recording, _ = bench.ingest(long_film, "a")
    before = digest(recording)
    _, outcome = bench.ingest(long_film, "a")
    assert outcome.new_frames == 0
    assert digest(recording) == before


def test_commits_hold_no_more_frames_than_the_rule_says(bench: Bench, long_film: Path) -> None:
    recording = bench.recording(long_film, "a")
    counts: list[int] = [0]

    def count(progress: IngestProgress) -> None:
        with recording.snapshot() as snapshot:
            counts.append(snapshot.frame_count())

    bench.ingest(long_film, "a", Settings(commit_frames=20), progress=count)
    assert max(b - a for a, b in itertools.pairwise(counts)) <= 20


def test_frames_are_committed_when_time_is_up(bench: Bench, long_film: Path) -> None:
    recording = bench.recording(long_film, "a")
    clock = itertools.count()
    counts: list[int] = [0]

    def count(progress: IngestProgress) -> None:
        with recording.snapshot() as snapshot:
            counts.append(snapshot.frame_count())

    # Each look at this clock takes a second: time is up long before 64 frames are ready.
    bench.ingest(long_film, "a", progress=count, now_s=lambda: float(next(clock)))
    assert max(b - a for a, b in itertools.pairwise(counts)) < 64
    assert counts[-1] == 233


def test_progress_says_how_far_it_is(bench: Bench, long_film: Path) -> None:
    told: list[IngestProgress] = []
    bench.ingest(long_film, "a", TWO_PASSES, progress=told.append)
    stages = [key for key, _ in itertools.groupby(progress.stage for progress in told)]
    assert stages == ["index", "previews", "frames", "finished"]
    done = [progress.done_ticks for progress in told]
    assert done == sorted(done)
    last = told[-1]
    assert last.done_ticks == last.expected_ticks == 300
    assert last.rate_tps > 0
    assert all(p.eta_s is None or p.eta_s >= 0 for p in told)


def test_previews_do_not_count_as_slow_watching(bench: Bench, long_film: Path) -> None:
    now_s = 0.0

    def tell(progress: IngestProgress) -> None:
        nonlocal now_s
        told.append(progress)
        # Previews take a thousand seconds in all, and what is watched ten a commit.
        now_s += 1000 if progress.stage == "previews" and not progress.previews else 10

    told: list[IngestProgress] = []
    bench.ingest(long_film, "a", TWO_PASSES, progress=tell, now_s=lambda: now_s)
    commits = [one for one in told if one.stage == "frames" and one.rate_tps > 0]
    assert commits[0].rate_tps == commits[0].done_ticks / 10
    assert commits[0].elapsed_s > 1000


def test_a_damaged_file_is_remembered_in_part_and_says_so(bench: Bench, tmp_path: Path) -> None:
    path = damage(film(tmp_path / "a.mp4", 60, fps=4, size=(128, 96)), 0.3, 4000)
    recording, _ = bench.ingest(path, "a")
    with recording.snapshot() as snapshot:
        counters = snapshot.counters()
        assert snapshot.complete
        assert counters.seen > 0
        assert counters.damage_packets + counters.damage_frames > 0
    two, _ = bench.ingest(path, "b", Settings(two_pass_min_s=10))
    assert digest(recording) == digest(two)


def test_the_model_sees_the_decoded_still(bench: Bench, tmp_path: Path) -> None:
    from capture import decode_still

    path = film(tmp_path / "a.mp4", 5)
    recording, _ = bench.ingest(path, "a")
    with recording.snapshot() as snapshot:
        stills = snapshot.stills(range(5))
        (chunk,) = snapshot.tokens()
    again = TinyModel(batch_noise=NOISE).encode([decode_still(still) for still in stills.values()])
    assert (chunk.values == again.tokens).all()


def test_a_failing_model_stops_the_ingest_and_keeps_what_was_committed(
    tmp_path: Path, long_film: Path
) -> None:
    calls = itertools.count()

    def fail(frames: int) -> None:
        if next(calls) == 12:
            raise MemoryError("no more room")

    with Engine(lambda: TinyModel(on_encode=fail)) as engine:
        bench = Bench(tmp_path, engine)
        with pytest.raises(MemoryError, match="no more room"):
            bench.ingest(long_film, "a", Settings(commit_frames=8))
        recording = bench.recording(long_film, "a")
        with recording.snapshot() as snapshot:
            assert snapshot.frame_count() > 0
        bench.ingest(long_film, "a")
        whole, _ = bench.ingest(long_film, "b")
        assert digest(recording) == digest(whole)


def test_a_progress_callback_that_raises_stops_it_and_it_goes_on_later(
    bench: Bench, long_film: Path, whole: Recording
) -> None:
    def interrupt(after: int) -> Callable[[IngestProgress], None]:
        def told(progress: IngestProgress) -> None:
            if progress.done_ticks > after:
                raise KeyboardInterrupt

        return told

    for after in (0, 80):
        with pytest.raises(KeyboardInterrupt):
            bench.ingest(long_film, "part", TWO_PASSES, progress=interrupt(after))
    part, _ = bench.ingest(long_film, "part", TWO_PASSES)
    assert digest(part) == digest(whole)


def test_a_full_disk_stops_the_ingest_and_loses_nothing_acknowledged(
    bench: Bench, long_film: Path, whole: Recording
) -> None:
    recording = bench.recording(long_film, "a")
    identity = model_identity(bench.engine.facts())
    acknowledged: list[int] = []
    with open_file(long_film) as source, recording.writer(identity) as writer:
        connection = writer._connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 25}")  # as a disk of that size
        run = Ingest(
            source,
            recording,
            bench.engine,
            settings=Settings(commit_frames=16),
            progress=lambda progress: acknowledged.append(progress.done_ticks),
        )
        with pytest.raises(StorageFullError, match="no space left"), translated():
            run.run(writer)
    with recording.snapshot() as snapshot:
        assert sum(span.ticks for span in snapshot.settled()) == max(acknowledged) > 0
    bench.ingest(long_film, "a")
    assert digest(recording) == digest(whole)


def test_a_file_without_timestamps_is_gone_on_with_as_well(bench: Bench, tmp_path: Path) -> None:
    path = film(tmp_path / "raw.h264", 130, fps=25)
    with open_file(path) as source:
        assert source.index().ticks is None
    whole, _ = bench.ingest(path, "whole")
    stopping: list[bool] = []

    def stop(progress: IngestProgress) -> None:
        assert progress.expected_ticks is None or progress.stage == "finished"
        if progress.done_ticks > 80:
            stopping.append(True)

    settings = Settings(commit_frames=16)
    with pytest.raises(IngestInterruptedError):
        bench.ingest(path, "part", settings, progress=stop, cancelled=lambda: bool(stopping))
    part, outcome = bench.ingest(path, "part", settings)
    assert 0 < outcome.new_frames < 60
    assert digest(part) == digest(whole)
