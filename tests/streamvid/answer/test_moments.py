"""Moments of a range: the best, how far apart, and first those of a time that is named."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest

from capture import decode_still
from memory import Home, Recording, Snapshot
from streamvid.answer.moments import Moments, with_stills
from streamvid.answer.range_frames import frames_in
from streamvid.answer.span import TimeRange
from streamvid.session import Session
from streamvid.settings import Settings
from tests.streamvid.films import film
from tests.streamvid.tiny_model import TinyModel

PLAIN = "What is it?"


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    clip = film(tmp_path_factory.mktemp("clips") / "clip.mp4", 100, gaps=[(30, 40)])
    home = tmp_path_factory.mktemp("home")
    with Session(home, lambda: TinyModel()) as session:
        report = session.ingest(clip)
    return Home(home).get(report.recording_id)


@pytest.fixture
def snapshot(recording: Recording) -> Iterator[Snapshot]:
    with recording.snapshot() as snapshot:
        yield snapshot


def shown(
    recording: Recording,
    snapshot: Snapshot,
    question: str,
    *,
    within: TimeRange | None = None,
    settings: Settings | None = None,
) -> list[tuple[float, float]]:
    """(second, score) of what is shown, looked up by the embedding of second 60."""
    settings = settings or Settings()
    frames = frames_in(snapshot, recording, within or TimeRange(), settings)
    values = np.concatenate([chunk.values for chunk in snapshot.embeddings()])
    query = values[snapshot.frames().ticks.tolist().index(60)].astype(np.float32)
    found = Moments(settings).shown(snapshot, frames, query, question)
    return [(moment.t_s, moment.score) for moment in found]


def least_distance_s(moments: list[tuple[float, float]]) -> float:
    return min(abs(one[0] - other[0]) for one, other in combinations(moments, 2))


def test_a_search_finds_the_best_frames_of_the_range(
    recording: Recording, snapshot: Snapshot
) -> None:
    moments = Moments(Settings(moment_separation_s=0.5))
    frames = frames_in(snapshot, recording, TimeRange(20, 90), Settings())
    chunk = next(snapshot.embeddings())
    query = chunk.values[60].astype(np.float32)
    found = moments.search(snapshot, frames, query, 200)
    inside = {int(tick) for tick in frames.table.ticks}
    assert {moment.tick for moment in found} == inside
    scores = {int(t): float(v @ query) for t, v in zip(chunk.ticks, chunk.values, strict=True)}
    best = max(inside, key=lambda tick: scores[tick])
    assert found[0].score == pytest.approx(scores[best], abs=1e-3)
    best_three = with_stills(snapshot, found[:3])
    assert [moment.tick for moment in best_three] == [moment.tick for moment in found[:3]]
    assert all(decode_still(moment.still).shape == (48, 64, 3) for moment in best_three)


@pytest.mark.parametrize(
    ("within", "least_s"),
    [(TimeRange(50, 60), 2.0), (TimeRange(50, 75), 5.0), (TimeRange(0, 99), 10.0)],
)
def test_three_moments_lie_a_fifth_of_a_short_range_apart(recording, snapshot, within, least_s):
    moments = shown(recording, snapshot, PLAIN, within=within)
    assert len(moments) == 3
    assert least_distance_s(moments) >= least_s
    assert [score for _, score in moments] == sorted((s for _, s in moments), reverse=True)


@pytest.mark.parametrize("length_s", [5, 6, 7, 9, 11, 20, 29])
def test_every_moment_finds_room_whatever_the_best_ones_are(recording, snapshot, length_s):
    for start_s in range(41, 100 - length_s, 7):
        within = TimeRange(start_s, start_s + length_s)
        assert len(shown(recording, snapshot, PLAIN, within=within)) == 3


def test_moments_of_a_named_time_come_before_better_ones(recording, snapshot):
    assert shown(recording, snapshot, PLAIN)[0][0] == 60
    seconds = [t_s for t_s, _ in shown(recording, snapshot, "What is it at 80 seconds?")]
    assert sorted(seconds) == [79, 80, 81]
    seconds = [t_s for t_s, _ in shown(recording, snapshot, "What is it in the first second?")]
    assert sorted(seconds[:2]) == [0, 1]
    assert seconds[2] == 60


def test_other_moments_keep_away_from_a_named_time(recording, snapshot):
    # Second 60 looks best; it lies too near to what was asked for to be shown beside it.
    seconds = [t_s for t_s, _ in shown(recording, snapshot, "What is it from 0:55 to 0:56?")]
    assert sorted(seconds[:2]) == [55, 56]
    assert not 45 < seconds[2] < 66


def test_a_long_named_time_has_all_of_them(recording, snapshot):
    moments = shown(recording, snapshot, "What is it in the first half?")
    assert all(t_s <= 50 for t_s, _ in moments)
    assert least_distance_s(moments) >= 9


def test_a_named_time_counts_from_the_recordings_start(recording, snapshot):
    within = TimeRange(45, 75)
    moments = shown(recording, snapshot, "What is it at 50 seconds?", within=within)
    assert abs(moments[0][0] - 50) <= 1.5
    ordinary = shown(recording, snapshot, PLAIN, within=within)
    assert shown(recording, snapshot, "What is it at 5 seconds?", within=within) == ordinary


def test_a_named_time_that_was_not_seen_is_looked_up_as_usual(recording, snapshot):
    question = "What is it between 32 and 38 seconds?"
    assert shown(recording, snapshot, question) == shown(recording, snapshot, PLAIN)


def test_a_separation_that_was_set_holds(recording, snapshot):
    settings = Settings(moment_separation_s=25)
    moments = shown(recording, snapshot, PLAIN, settings=settings)
    assert least_distance_s(moments) >= 25


def test_faiss_shows_the_same_moments(recording, snapshot):
    for question in (PLAIN, "What is it at 80 seconds?"):
        flat = shown(recording, snapshot, question)
        other = shown(recording, snapshot, question, settings=Settings(search_index="faiss"))
        assert [t_s for t_s, _ in other] == [t_s for t_s, _ in flat]
        assert [score for _, score in other] == pytest.approx([s for _, s in flat], abs=1e-5)
