"""A growing recording and nano's real tower, pre-fusion and context; its language model is tiny."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streamvid.engine import Priority
from streamvid.model.seam import Finished, Sampling, VideoModel
from streamvid.session import Session
from streamvid.settings import Settings
from tests.streamvid.watched import Watched

pytestmark = [pytest.mark.weights, pytest.mark.slow]  # converts and loads the packaged weights

VIEW = 64


def scene(tick: int) -> np.ndarray:
    """Colours that change slowly, and a block that moves."""
    picture = np.full((120, 160, 3), (tick * 3 % 200, 60, 200 - tick % 200), np.uint8)
    left = tick * 7 % 120
    picture[40:80, left : left + 30] = (230, 230, 40)
    return picture


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


@pytest.fixture
def watched(tmp_path: Path, nano: VideoModel) -> Iterator[Watched]:
    watched = Watched(tmp_path, nano, picture_at=scene)
    yield watched
    watched.close()


def spoken(model: VideoModel, context: object, prompt: np.ndarray) -> str:
    steps = model.generate(context.fork(), prompt, Sampling(8))  # type: ignore[attr-defined]
    return "".join(step for step in steps if not isinstance(step, Finished))


def test_a_context_that_was_extended_is_one_that_was_made_at_once(
    tmp_path: Path, nano: VideoModel, watched: Watched
) -> None:
    settings = Settings(view_tokens=VIEW, max_new_tokens=4, epoch_drift=1.0)
    prompt = nano.fuse("What colour is it?", [scene(3), scene(40)], [1.0, 1.0]).mean()
    with Session(tmp_path, lambda: nano, settings=settings) as session:
        asker = session._asker
        full = 0
        for more in (20, 1, 30, 9, 40, 3):
            watched.see(more)
            usage = session.ask("door", "What is it?").result().usage
            full += usage.full_prefills
            assert usage.full_prefills or usage.extended_tokens == more
            (line,) = asker._sealed._lines.values()
            assert line.epoch is not None
            (kept,) = asker._contexts._kept.values()
            again = nano.context(line.epoch.head)
            again.extend(line.view.tokens_from(0))
            assert again.length == kept.context.length == len(line.epoch.head) + usage.view_tokens
            assert spoken(nano, kept.context, prompt) == spoken(nano, again, prompt)
        assert full == session.context_counters().full_prefills
        assert full == line.epoch.number == 2  # compactions between two questions are one end
        assert line.view.standing.compactions == 3
        assert usage.prefix_drift > 0


def test_two_sources_are_watched_while_two_people_ask(
    tmp_path: Path, nano: VideoModel, watched: Watched
) -> None:
    """For 5 s of wall time, since that is what is looked at: twice as often as a camera would."""
    watched.see(30)
    settings = Settings(view_tokens=VIEW, max_new_tokens=16, live_late_s=0.5)
    with Session(tmp_path, lambda: nano, settings=settings) as session:
        session.ask("door", "What is it?").result()  # loaded
        engine, until_s = session._engine, time.monotonic() + 5.0
        ages_s: list[float] = []
        answers: list[str] = []

        def film(name: str) -> None:
            futures, tick = [], 0
            while (born_s := time.monotonic()) < until_s:
                tick += 1

                def encode(model: VideoModel, tick: int = tick, born_s: float = born_s) -> None:
                    model.encode([scene(tick)])
                    ages_s.append(time.monotonic() - born_s)

                futures.append(
                    engine.submit(encode, priority=Priority.LIVE, owner=name, born_s=born_s)
                )
                time.sleep(0.5)
            for future in futures:
                future.result()  # none was dropped

        def ask(number: int) -> None:
            while time.monotonic() < until_s:
                answers.append(session.ask("door", f"What is it, {number}?").result().finish)

        threads = [threading.Thread(target=film, args=(name,)) for name in ("front", "yard")]
        threads += [threading.Thread(target=ask, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert engine.counters().dropped_live == 0
        assert len(ages_s) >= 16
        assert max(ages_s) < 4.0
        assert len(answers) >= 4
        assert set(answers) <= {"length", "stop"}
