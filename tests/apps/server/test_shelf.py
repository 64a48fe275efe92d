from __future__ import annotations

import pytest

from apps.server.shelf import KeptTalk, Shelf
from streamvid.session import Session
from tests.streamvid.films import film
from tests.streamvid.tiny_model import TinyModel


@pytest.fixture
def session(tmp_path):
    with Session(tmp_path / "home", TinyModel) as opened:
        yield opened


@pytest.fixture
def recording(session, tmp_path):
    return session.ingest(film(tmp_path / "a.mp4", 12)).recording_id


def ask(shelf, talk, question="red"):
    with talk.in_use:
        answer = talk.conversation.ask(question).result()
    shelf.used(talk)
    return answer


def test_only_the_latest_keep_their_context_and_none_forgets(session, recording):
    shelf = Shelf(2)
    talks = [KeptTalk(session.recorded(recording).conversation()) for _ in range(4)]
    kept = KeptTalk(session.recorded(recording).conversation())
    first = [ask(shelf, talk) for talk in (*talks, kept)]
    assert len(shelf) == 2
    assert all("history kept" not in answer.exactness for answer in first)
    again = ask(shelf, talks[0], "blue")
    assert "history kept" in again.exactness
    # Said again from its turns, an answer is what it would have been behind a kept context.
    assert ask(shelf, kept, "blue").text == again.text


def test_one_that_is_in_use_is_left_alone(session, recording):
    shelf = Shelf(1)
    busy, other = (KeptTalk(session.recorded(recording).conversation()) for _ in range(2))
    ask(shelf, busy)
    with busy.in_use:
        ask(shelf, other)  # would wait for ever if it laid the busy one to rest
    assert "history kept" in ask(shelf, busy).exactness


def test_what_is_gone_is_forgotten(session, recording):
    shelf = Shelf(3)
    talk = KeptTalk(session.recorded(recording).conversation())
    ask(shelf, talk)
    shelf.gone(talk)
    shelf.gone(talk)
    assert len(shelf) == 0
