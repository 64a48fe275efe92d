"""What a stopped evaluation has asked is not asked again, unless what asks has changed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from streamvid.evaluation.film import FilmPlan, Segment
from streamvid.evaluation.kept_replies import FILE, KeepingWatcher, KeptReplies, stamp
from streamvid.evaluation.videos import VideoReply


class Counting:
    """A watcher that counts what it is asked; every reply is different."""

    def __init__(self) -> None:
        self.asked = 0

    def _reply(self) -> VideoReply:
        self.asked += 1
        return VideoReply(f"Reply {self.asked}\n\u2028é", (1.5, float(self.asked)))

    def answer_picture(self, picture: Path, question: str) -> str:
        return self._reply().text

    def embed_texts(self, texts):
        return np.zeros((len(texts), 2), np.float32)

    def embed_pictures(self, pictures):
        return np.ones((len(pictures), 2), np.float32)

    def ask_clip(self, clip: Path, question: str) -> VideoReply:
        return self._reply()

    def clip_moments_s(self, clip: Path):
        return [0.0, 1.0]

    def watch_film(self, plan: FilmPlan) -> None:
        self.plan = plan

    def ask_film(self, start_s: float, end_s: float, question: str) -> VideoReply:
        return self._reply()

    def search_film(self, phrase: str):
        return [3.0]


def plan(picture: str) -> FilmPlan:
    return FilmPlan((Segment(0.0, 3.0, None, picture), Segment(3.0, 9.0, "one.mp4", None)))


def ask_all(watcher: KeepingWatcher, picture: Path, *, film: str = "p.jpg") -> list[VideoReply]:
    watcher.watch_film(plan(film))
    return [
        VideoReply(watcher.answer_picture(picture, "Is it?")),
        VideoReply(watcher.answer_picture(picture, "What is it?")),
        watcher.ask_clip(picture, "Is it?"),
        watcher.ask_film(3.0, 9.0, "Is it?"),
        watcher.ask_film(0.0, 9.0, "Is it?"),
    ]


@pytest.fixture
def picture(tmp_path):
    file = tmp_path / "p.jpg"
    file.write_bytes(b"one")
    return file


def stopped(folder: Path, picture: Path, made_by: str = "a") -> list[VideoReply]:
    replies: list[VideoReply] = []
    try:
        with KeptReplies(folder, made_by) as kept:
            replies = ask_all(KeepingWatcher(Counting(), kept), picture)
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        return replies


def asked_again(folder: Path, picture: Path, made_by: str = "a", *, film: str = "p.jpg") -> int:
    counting = Counting()
    with KeptReplies(folder, made_by) as kept:
        ask_all(KeepingWatcher(counting, kept), picture, film=film)
    return counting.asked


def test_a_stopped_run_is_gone_on_with(tmp_path, picture):
    replies = stopped(tmp_path / "out", picture)
    counting = Counting()
    with KeptReplies(tmp_path / "out", "a") as kept:
        assert kept.found == 5
        assert ask_all(KeepingWatcher(counting, kept), picture) == replies
    assert counting.asked == 0
    assert not (tmp_path / "out" / FILE).exists()  # finished: the next run asks anew
    assert asked_again(tmp_path / "out", picture) == 5


def test_another_maker_asks_anew(tmp_path, picture):
    stopped(tmp_path, picture, "a")
    assert asked_again(tmp_path, picture, "b") == 5


def test_a_picture_that_changed_is_asked_about_anew(tmp_path, picture):
    stopped(tmp_path / "out", picture)
    picture.write_bytes(b"another")
    assert asked_again(tmp_path / "out", picture) == 3


def test_another_film_is_asked_about_anew(tmp_path, picture):
    stopped(tmp_path / "out", picture)
    assert asked_again(tmp_path / "out", picture, film="q.jpg") == 2


def test_a_run_that_was_killed_while_it_wrote_loses_that_line_alone(tmp_path, picture):
    stopped(tmp_path, picture)
    file = tmp_path / FILE
    file.write_bytes(file.read_bytes()[:-7])
    stopped(tmp_path, picture)
    file.write_bytes(file.read_bytes()[:-7])
    assert asked_again(tmp_path, picture) == 1


@pytest.mark.parametrize("content", ["", "\n", '"b"\n', "[]", "\x00\x01", json.dumps("a")])
def test_a_file_of_something_else_is_started_anew(tmp_path, picture, content):
    (tmp_path / FILE).write_text(content)
    assert asked_again(tmp_path, picture) == 5


def test_what_is_not_kept_is_passed_on(tmp_path, picture):
    counting = Counting()
    with KeptReplies(tmp_path, "a") as kept:
        watcher = KeepingWatcher(counting, kept)
        watcher.watch_film(plan("p.jpg"))
        assert counting.plan == plan("p.jpg")
        assert watcher.search_film("a dog") == [3.0]
        assert watcher.clip_moments_s(picture) == [0.0, 1.0]
        assert watcher.embed_texts(["a", "b"]).shape == (2, 2)
        assert watcher.embed_pictures([picture]).tolist() == [[1.0, 1.0]]


def test_a_stamp_changes_with_facts_and_files(tmp_path):
    (tmp_path / "sub").mkdir()
    file = tmp_path / "sub" / "weights.bin"
    file.write_bytes(b"12")
    first = stamp(["a", "b"], [tmp_path])
    assert stamp(["a", "b"], [tmp_path]) == first
    assert stamp(["ab"], [tmp_path]) != first
    file.write_bytes(b"123")
    assert stamp(["a", "b"], [tmp_path]) != first
