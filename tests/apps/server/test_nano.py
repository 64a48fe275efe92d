"""The real model over real sockets: asked while it watches, by many, in four bits."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import numpy as np
import pytest

from tests.apps.conftest import write_video
from tests.apps.served import connected, talk

# Each loads nano (a few seconds) and watches a minute or more of video with it.
HOUR_S = 3600
pytestmark = [pytest.mark.slow, pytest.mark.weights]


@pytest.fixture(scope="module")
def nano(tmp_path_factory):
    """Settings of the real model, its converted weights kept from run to run where they can be."""
    home = os.environ.get("XDG_CACHE_HOME")
    cache = Path(home) / "streamvid" if home else tmp_path_factory.mktemp("cache")
    return ("--model", "nano", "--set", f"cache={cache}")


async def ask(talker, question, **where):
    """Question and answer: text, done, annotations, seconds to the first delta."""
    began_s, first_s, moments = time.monotonic(), None, []
    await talker.put(question, conversation="none", **where)
    created = await talker.next("response.created", "error")
    assert created.type == "response.created", created
    text = ""
    while True:
        said = await talker.next(
            "response.output_text.delta", "response.output_text.annotation.added",
            "response.done", "error",
        )  # fmt: skip
        assert said.response_id == created.response_id
        if said.type == "response.output_text.delta":
            first_s = first_s or time.monotonic() - began_s
            text += said.delta
        elif said.type == "response.done":
            return text, said, moments, first_s
        else:
            moments.append(said)


async def until(talker, source, holds):
    while True:
        status = await talker.next("source.status")
        if status.source == source and holds(status):
            return status


def test_a_file_is_asked_while_it_is_watched_and_two_are_not_mixed_up(serve, nano, tmp_path):
    long = write_video(tmp_path / "long.mp4", ["red"] * 400)
    blue = write_video(tmp_path / "blue.mp4", ["blue"] * 20)
    served = serve("--source", f"long={long}", "--source", f"blue={blue}", *nano)

    async def work(talker):
        await until(talker, "long", lambda status: 0 < status.length_s < 400)
        early = await ask(talker, "What colour is it?", source="long")
        other = await ask(talker, "What colour is it?", source="blue")
        await until(talker, "long", lambda status: status.state == "ended")
        return early, other, await ask(talker, "What colour is it?", source="long")

    early, other, late = talk(served, work)
    assert "red" in early[0].lower()
    assert any(word.endswith("s not watched yet") for word in early[1].exactness)
    assert 0 < early[1].coverage.frames < 400
    assert "blue" in other[0].lower()
    assert {moment.source for moment in other[2]} == {"blue"}
    assert late[1].coverage.frames == 400
    assert late[1].coverage.pending_s == 0


def test_twenty_clients_on_one_source_all_get_their_own_answer(serve, nano, tmp_path):
    clip = write_video(tmp_path / "clip.mp4", ["red"] * 20 + ["green"] * 20 + ["blue"] * 20)
    served = serve("--source", f"clip={clip}", *nano)
    colours = {"red": 0, "green": 20, "blue": 40}

    async def one(number):
        colour = list(colours)[number % 3]
        start = colours[colour] + 1
        async with connected(served) as talker:
            await talker.next("session.created")
            for _ in range(3):
                text, done, moments, _ = await ask(
                    talker, "What colour is it?", source="clip", start=start, end=start + 18
                )
                assert text == alone[colour]
                assert (done.coverage.start_s, done.coverage.end_s) == (start, start + 18)
                assert all(start <= moment.t_start < start + 18 for moment in moments)

    alone = {}

    async def crowd(talker):
        await until(talker, "clip", lambda status: status.state == "ended")
        for colour, first in colours.items():
            alone[colour], *_ = await ask(
                talker, "What colour is it?", source="clip", start=first + 1, end=first + 19
            )
        assert len(set(alone.values())) > 1
        await asyncio.gather(*(one(number) for number in range(20)))

    talk(served, crowd)


def test_three_hours_are_asked_in_four_bits_while_they_are_watched(serve, nano, tmp_path):
    hours = ("red", "green", "blue")
    long = write_video(tmp_path / "long.mp4", np.repeat(hours, HOUR_S), fps=1)
    served = serve("--source", f"long={long}", *nano, "--quantize", "nf4")

    async def work(talker):
        # A thousand previews, evenly spread, come first: from then on each hour has its colour.
        await until(talker, "long", lambda status: status.previews >= 1000 or status.length_s > 0)
        answers = []
        for start in range(0, 3 * HOUR_S, HOUR_S):
            where = {"start": start, "end": start + HOUR_S}
            answers.append(await ask(talker, "What colour is it?", source="long", **where))
        return answers, await ask(talker, "What colour is it?", source="long")

    answers, whole = talk(served, work, timeout_s=240)
    for number, (text, done, moments, _) in enumerate(answers):
        # Nano in four bits calls green and blue white, but neither of them red.
        assert ("red" in text.lower()) == (number == 0)
        assert "nf4" in done.language_model
        assert moments
        assert {int(moment.t_start // HOUR_S) for moment in moments} == {number}
    assert whole[1].coverage.end_s == pytest.approx(3 * HOUR_S, abs=20)
    assert whole[1].coverage.pending_s > 0
    assert whole[1].usage.view_tokens > 500
    assert any(words.startswith("previews") for words in whole[1].exactness)
