import io
from dataclasses import replace

import pytest

from apps.render.progress import PLAIN_EVERY_S, TIP_FROM_S, ProgressView, progress_text
from streamvid.ingest import IngestProgress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def capable(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")


def at(done, *, stage="frames", elapsed_s=1.0, expected=100, rate=25.0, eta_s=3.0):
    return IngestProgress(stage, done, expected, done, rate, elapsed_s, eta_s)


def test_a_line_tells_stage_place_rate_and_time_left():
    assert progress_text(at(75)) == "watching 1:15 of 1:40, 25 frames/s, 0:03 left"


def test_what_is_not_known_is_left_out():
    assert progress_text(at(5, expected=None, rate=0.0, eta_s=None)) == "watching 0:05"


def test_away_from_a_terminal_lines_are_few():
    stream = io.StringIO()
    with ProgressView(stream, name="a.mp4") as view:
        for step in range(100):
            view(at(step, elapsed_s=step * PLAIN_EVERY_S / 10))
        view(at(100, stage="finished"))
    lines = stream.getvalue().splitlines()
    assert 10 <= len(lines) <= 11
    assert all(line.startswith("a.mp4: watching ") for line in lines)
    assert view.last is not None
    assert view.last.stage == "finished"


def test_each_new_stage_is_told_at_once():
    stream = io.StringIO()
    with ProgressView(stream, name="a.mp4") as view:
        view(at(0, stage="index"))
        view(at(3, stage="previews"))
        view(at(4, stage="frames"))
    assert len(stream.getvalue().splitlines()) == 3


def test_a_terminal_gets_a_bar_that_is_gone_afterwards():
    stream = Terminal()
    with ProgressView(stream, name="a.mp4") as view:
        view(at(50))
    drawn = stream.getvalue()
    assert "50%" in drawn
    assert "25 frames/s" in drawn
    assert drawn.rstrip().endswith("\x1b[2K")  # the line was erased


def test_previews_move_the_bar_though_they_settle_nothing():
    stream = Terminal()
    with ProgressView(stream, name="a.mp4") as view:
        view(replace(at(0, stage="previews", rate=0.0), previews=30, expected_previews=40))
    assert "75%" in stream.getvalue()
    assert "30 of 40 previews" in stream.getvalue()


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_cannot_draw_gets_lines(term, monkeypatch):
    monkeypatch.setenv("TERM", term)
    stream = Terminal()
    with ProgressView(stream, name="a.mp4") as view:
        view(at(50))
    assert stream.getvalue() == "a.mp4: watching 0:50 of 1:40, 25 frames/s, 0:03 left\n"


def test_without_any_progress_nothing_is_drawn():
    stream = Terminal()
    with ProgressView(stream, name="a.mp4"):
        pass
    assert stream.getvalue() == ""


@pytest.mark.parametrize("kind", [io.StringIO, Terminal])
def test_a_tip_is_given_once_and_only_where_it_takes_long(kind):
    stream = kind()
    with ProgressView(stream, name="a.mp4", tip="ask answers at once") as view:
        view(at(1, eta_s=TIP_FROM_S - 1))
        assert "ask answers" not in stream.getvalue()
        view(at(2, eta_s=TIP_FROM_S))
        view(at(3, eta_s=TIP_FROM_S + 9))
    assert stream.getvalue().count("ask answers at once") == 1
