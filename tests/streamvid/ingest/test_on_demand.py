"""Questions about files that are not remembered yet: as much is ingested first as they need."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from memory import Home
from streamvid.answer import TimeRange
from streamvid.engine import Engine
from streamvid.errors import RecordingNotFoundError, SourceRefusedError
from streamvid.ingest import IngestProgress
from streamvid.ingest.file_ingest import FileIngest
from streamvid.ingest.on_demand import OnDemandIngest
from streamvid.session import Session
from streamvid.settings import Settings
from tests.streamvid.films import film
from tests.streamvid.tiny_model import TinyModel

LONG = Settings(two_pass_min_s=60, preview_frames=30)


def colour_at(second: int) -> str:
    """Red from 40 to 50 s, else blue."""
    return "red" if 40 <= second < 50 else "blue"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    return film(folder / "clip.mp4", 120, colour_at=colour_at, gaps=[(60, 80)])


def refuse_to_load() -> TinyModel:
    raise AssertionError("the model must not be loaded here")


def test_now_answers_a_new_long_file_from_previews(clip: Path, tmp_path: Path) -> None:
    with Session(tmp_path, TinyModel, settings=LONG) as session:
        answer = session.ask(clip, "where is red ?", now=True).result()
        previews = [words for words in answer.exactness if words.startswith("previews")]
        assert previews
        assert answer.coverage.preview_frames > 0
        assert answer.coverage.end_s == 120
        seen = session.inspect(clip)
        assert seen.ticks_expected == 120
        assert seen.ticks_pending > 0
        assert 40 <= answer.evidence[0].t_s < 50
        report = session.ingest(clip)
        assert report.complete
        assert session.ask(clip, "q", now=True).result().coverage.preview_frames == 0


def test_now_about_a_stretch_ingests_that_stretch_alone(clip: Path, tmp_path: Path) -> None:
    within = TimeRange(90, 100)
    with Session(tmp_path, TinyModel, settings=LONG) as session:
        answer = session.ask(clip, "what ?", within=within, now=True).result()
        assert answer.usage.range_frames == 10
        assert answer.coverage.preview_frames == 0
        assert answer.exactness == ("bounded 6 of 10",)
        frames = session.inspect(clip).frames
        assert 10 <= frames < 100
        again = session.ask(clip, "what ?", within=within, now=True).result()
        assert again.text == answer.text
        assert session.inspect(clip).frames == frames
        assert session.ingest(clip).frames == 100
    with Session(tmp_path / "other", TinyModel) as session:
        assert session.ask(clip, "what ?", within=within).result().text == answer.text


def test_now_about_a_stretch_that_has_previews_alone_looks_closer(
    clip: Path, tmp_path: Path
) -> None:
    within = TimeRange(90, 100)
    with Session(tmp_path, TinyModel, settings=LONG) as session:
        with pytest.raises(KeyboardInterrupt):
            session.ingest(clip, progress=interrupt_after_previews)
        assert session.inspect(clip).frames == 0
        answer = session.ask(clip, "what ?", within=within, now=True).result()
        assert answer.exactness == ("bounded 6 of 10",)
        # A stretch as long as a long file is answered from previews.
        whole = session.ask(clip, "what ?", within=TimeRange(0, 100), now=True).result()
        assert whole.coverage.preview_frames > 0


def interrupt_after_previews(progress: IngestProgress) -> None:
    if progress.stage == "frames":
        raise KeyboardInterrupt


def test_now_on_a_short_file_ingests_it_whole(clip: Path, tmp_path: Path) -> None:
    told: list[IngestProgress] = []
    with Session(tmp_path, TinyModel) as session:
        answer = session.ask(clip, "what ?", now=True, progress=told.append).result()
    assert answer.coverage.preview_frames == 0
    assert answer.usage.range_frames == 100
    assert told[-1].stage == "finished"


def test_a_conversation_now_goes_on_ingesting_behind_it(clip: Path, tmp_path: Path) -> None:
    with Session(tmp_path, TinyModel, settings=LONG) as session:
        with session.conversation(clip, now=True) as talk:
            first = talk.ask("what ?").result()
            while not session.inspect(clip).summary.complete:
                talk.ask("what ?").result()
            last = talk.ask("what ?").result()
        assert first.usage.range_frames <= last.usage.range_frames == 100
        assert last.coverage.preview_frames == 0


def test_a_session_that_closes_in_the_middle_loses_nothing_committed(
    clip: Path, tmp_path: Path
) -> None:
    settings = replace(LONG, commit_frames=8)
    with (
        Session(tmp_path, TinyModel, settings=settings) as session,
        session.conversation(clip, now=True) as talk,
    ):
        talk.ask("what ?").result()
    with Session(tmp_path, TinyModel, settings=settings) as session:
        report = session.ingest(clip)
        assert report.complete
        assert report.frames == 100


def test_now_refuses_what_ingest_refuses(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video\n" * 99)
    with Session(tmp_path / "home", refuse_to_load) as session, pytest.raises(SourceRefusedError):
        session.ask(tmp_path / "text.mp4", "what ?", now=True)


def test_what_is_there_is_found_and_nothing_runs_for_it(clip: Path, tmp_path: Path) -> None:
    def refuse(progress: IngestProgress) -> None:
        raise AssertionError("nothing is ingested here")

    with Session(tmp_path, TinyModel) as session:
        name = session.ingest(clip, name="park").name
    home = Home(tmp_path)
    with Engine(refuse_to_load) as engine:
        files = FileIngest(home, engine, Settings())
        on_demand = OnDemandIngest(home, files, Settings())
        ids = {
            on_demand.recording(
                source, now=now, go_on=go_on, progress=refuse, cancelled=lambda: False
            ).id
            for source in (clip, str(clip), name)
            for now, go_on in ((False, False), (True, False), (True, True))
        }
        assert len(ids) == 1
        for unknown in ("nobody", "x" * 5000):
            with pytest.raises(RecordingNotFoundError):
                on_demand.recording(unknown, now=True, progress=refuse, cancelled=lambda: False)
        on_demand.stop()
