"""What is told around an ingest that is not all done: Ctrl-C, and the end of a conversation."""

import pytest

from apps.cli.watching import say_what_is_left, watching
from apps.errors import StoppedError
from streamvid.session import Session
from streamvid.settings import Settings
from tests.streamvid.tiny_model import TinyModel

PREVIEWED = Settings(two_pass_min_s=60, preview_frames=8)


def stop_behind_previews(told):
    if told.stage == "frames":
        raise KeyboardInterrupt


def shown_until_stopped(view):
    def progress(told):
        view(told)
        stop_behind_previews(told)

    return progress


def test_ctrl_c_counts_previews_where_there_is_nothing_else(long_clip, tmp_path):
    with (
        Session(tmp_path, TinyModel, settings=PREVIEWED) as session,
        pytest.raises(StoppedError, match=r"^stopped after 8 previews of "),
        watching(str(long_clip)) as view,
    ):
        session.ingest(long_clip, progress=shown_until_stopped(view))


def test_the_end_of_a_conversation_tells_what_is_left(long_clip, tmp_path, capsys):
    with Session(tmp_path, TinyModel, settings=PREVIEWED) as session:
        with pytest.raises(KeyboardInterrupt):
            session.ingest(long_clip, progress=stop_behind_previews)
        say_what_is_left(session, str(long_clip))
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("watched 0:00 of 2:20 and 8 previews; ")
        assert f"`streamvid ingest {long_clip}` goes on" in line
        session.ingest(long_clip)
        say_what_is_left(session, str(long_clip))
        assert capsys.readouterr().err == ""
