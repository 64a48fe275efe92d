"""The whole path with nano's real tower, sentence encoder and code; only its language model is tiny
and untrained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from memory import Home
from streamvid.answer import TimeRange
from streamvid.model.seam import VideoModel
from streamvid.session import Session
from streamvid.settings import Settings
from tests.streamvid.films import film

pytestmark = [pytest.mark.weights, pytest.mark.slow]  # converts and loads the packaged weights


@pytest.fixture(scope="module")
def nano(small_weights: Path, small_language_folder: Path, nano_cache: Path) -> VideoModel:
    from streamvid.model.nano.loading import load_nano

    model = load_nano(
        cache=nano_cache,
        weights=small_weights,
        language_folder=small_language_folder,
        precision="fp32",
    )
    # The tiny language model has 512 places: nano's reserve for the answer would leave none.
    model._spec = replace(model._spec, usable_context_tokens=440)
    return model


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(
        tmp_path_factory.mktemp("clips") / "clip.mp4",
        140,
        colour_at=lambda second: "red" if second < 70 else "blue",
        gaps=[(20, 30)],
        size=(160, 120),
    )


@pytest.fixture(scope="module")
def home(clip: Path, nano: VideoModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    with Session(home, lambda: nano) as session:
        assert session.ingest(clip).frames == 130
    return home


def digest(home: Path) -> str:
    (line,) = Home(home).list()
    with Home(home).get(line.id).snapshot() as snapshot:
        return snapshot.digest()


def test_two_passes_end_in_the_same_memory_as_one(
    clip: Path, nano: VideoModel, home: Path, tmp_path: Path
) -> None:
    settings = Settings(two_pass_min_s=60, preview_frames=20)
    with Session(tmp_path, lambda: nano, settings=settings) as session:
        assert session.ingest(clip).two_passes
    assert digest(tmp_path) == digest(home)


def test_questions_are_answered_and_the_second_keeps_the_context(
    clip: Path, nano: VideoModel, home: Path
) -> None:
    with Session(home, lambda: nano, settings=Settings(max_new_tokens=8)) as session:
        first = session.ask(clip, "What colour is it?").result()
        second = session.ask(clip, "Is there a dog?").result()
        assert not first.usage.context_reused
        assert second.usage.context_reused
        assert first.exactness == ("bounded 16 of 130",)
        assert first.evidence
        with session.conversation(clip) as talk:
            talk.ask("What colour is it?").result()
            assert "history kept" in talk.ask("And then?").result().exactness


def test_a_conversation_forgets_its_oldest_turns(clip: Path, nano: VideoModel, home: Path) -> None:
    settings = Settings(max_new_tokens=8, history_tokens=45)
    opened = Session(home, lambda: nano, settings=settings)
    with opened as session, session.conversation(clip) as talk:
        for number in range(5):
            answer = talk.ask(f"What is it, number {number}?").result()
            usage, head = answer.usage, nano.spec.prefix_head_tokens
            said = usage.context_tokens - head - usage.view_tokens
            assert ("history kept" in answer.exactness) == (number > 0)
            assert said <= 45 + usage.question_tokens + 8 + 1
            assert usage.context_reused == (number > 0)


def test_bounded_over_all_frames_equals_full(clip: Path, nano: VideoModel, home: Path) -> None:
    texts = set()
    for settings in (
        Settings(fusion="full", max_new_tokens=8),
        Settings(fusion="full", max_new_tokens=8, fuse_step_frames=16, states_bytes=0),
        Settings(fusion_frames=60, max_new_tokens=8),
    ):
        with Session(home, lambda: nano, settings=settings) as session:
            answer = session.ask(clip, "What is it?", within=TimeRange(80, 140)).result()
        assert answer.exactness == ("exact",)
        texts.add(answer.text)
    assert len(texts) == 1
