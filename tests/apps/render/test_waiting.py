import io

from apps.render import WaitingLine


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_words_stand_and_go():
    stream = Terminal()
    with WaitingLine(stream, "loading"):
        assert stream.getvalue() == "loading"
    assert stream.getvalue().endswith("\r" + " " * len("loading^C") + "\r")


def test_a_note_stays_above_the_words():
    stream = Terminal()
    with WaitingLine(stream, "loading") as line:
        line.note("converting once")
    shown = [part.rsplit("\r", 1)[-1] for part in stream.getvalue().split("\n")]
    assert shown[0] == "converting once"
    assert "\nloading" in stream.getvalue()


def test_away_from_a_terminal_only_notes_are_written():
    stream = io.StringIO()
    with WaitingLine(stream, "loading") as line:
        line.note("converting once")
    assert stream.getvalue() == "converting once\n"


def test_a_note_outside_the_wait_brings_no_words():
    stream = Terminal()
    WaitingLine(stream, "loading").note("a note")
    assert stream.getvalue() == "a note\n"
