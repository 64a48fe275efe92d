"""A folder in the reference's format behind the engine: watched, asked and searched as nano is."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamvid.errors import ModelFailedError
from streamvid.model.llava_mini.loading import load_llava_mini
from streamvid.session import Session
from streamvid.settings import Settings
from tests.streamvid.films import film
from tests.streamvid.model.llava_mini.tiny_checkpoint import write_checkpoint


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("clips") / "clip.mp4", 20)


@pytest.mark.parametrize("variant", [{}, {"compressor_size": 2, "resolution_ratio": 2}])
def test_full_fusion_of_a_whole_clip_is_exact(
    tmp_path: Path, clip: Path, variant: dict[str, int]
) -> None:
    folder = write_checkpoint(tmp_path, **variant)
    settings = Settings(fusion="full", max_new_tokens=8)
    with Session(
        tmp_path / "home", lambda: load_llava_mini(folder, precision="fp32"), settings=settings
    ) as session:
        session.ingest(clip)
        first = session.ask(clip, "Is there a dog?").result()
        second = session.ask(clip, "What do you see?").result()
        found = session.search(clip, "a dog")
    assert first.exactness == ("exact",)
    assert second.exactness == ("exact",)
    assert second.usage.context_reused
    assert first.evidence
    assert found.moments


def test_without_a_text_tower_questions_are_answered_and_search_says_why(
    tmp_path: Path, clip: Path
) -> None:
    folder = write_checkpoint(tmp_path, whole_clip=False)
    settings = Settings(max_new_tokens=4, fusion_frames=4)
    with Session(
        tmp_path / "home", lambda: load_llava_mini(folder, precision="fp32"), settings=settings
    ) as session:
        session.ingest(clip)
        answer = session.ask(clip, "Is there a dog?").result()
        assert answer.evidence == ()
        assert answer.usage.fused_frames == 4
        with pytest.raises(ModelFailedError, match="put the whole CLIP"):
            session.search(clip, "a dog")
