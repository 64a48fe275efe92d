from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streamvid.model.llama.stop_strings import StopStrings

TEXT = st.text(alphabet="ab\n", max_size=30)
STOPS = st.lists(st.text(alphabet="ab\n", min_size=1, max_size=4), max_size=3)


def _letter_by_letter(text: str, stops: list[str]) -> tuple[str, bool]:
    """What should be given, and whether it stopped: stated as plainly as can be."""
    for end in range(len(text) + 1):
        ended = [stop for stop in stops if text[:end].endswith(stop)]
        if ended:
            return text[: end - max(len(stop) for stop in ended)], True
    return text, False


@given(st.lists(TEXT, max_size=8), STOPS)
def test_however_it_is_cut_the_same_text_is_given(pieces, stops):
    filtered = StopStrings(stops)
    given_text = "".join(filtered.feed(piece) for piece in pieces)
    given_text += filtered.finish()
    expected, stopped = _letter_by_letter("".join(pieces), stops)
    assert (given_text, filtered.stopped) == (expected, stopped)


@given(st.lists(TEXT, max_size=8), STOPS)
def test_no_more_is_held_back_than_could_become_a_stop(pieces, stops):
    filtered = StopStrings(stops)
    fed = given_text = ""
    for piece in pieces:
        fed += piece
        given_text += filtered.feed(piece)
        if filtered.stopped:
            return
        held = fed[len(given_text) :]
        assert held == "" or any(stop.startswith(held) and stop != held for stop in stops)


def test_without_stops_everything_passes_at_once():
    assert StopStrings([]).feed("abc") == "abc"
    assert StopStrings([""]).feed("abc") == "abc"


def test_a_half_stop_comes_out_at_the_end():
    filtered = StopStrings(["\n\nUser:"])
    assert filtered.feed("yes.\n\nUs") == "yes."
    assert filtered.finish() == "\n\nUs"
    assert not filtered.stopped
