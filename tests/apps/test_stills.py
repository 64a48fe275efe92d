import stat

import pytest

from apps.errors import StillError
from apps.stills import save_stills, still_name
from streamvid.answer import Moment

JPEG = b"\xff\xd8\xff\xe0picture"
PNG = b"\x89PNG\r\n\x1a\npicture"


def moment(tick, still=JPEG):
    return Moment(tick=tick, t_s=float(tick), score=0.5, still=still)


@pytest.mark.parametrize(
    ("t_s", "still", "name"),
    [
        (5.9, JPEG, "0-00-05.jpg"),
        (75, JPEG, "0-01-15.jpg"),
        (3723, PNG, "1-02-03.png"),
    ],
)
def test_names_tell_the_time_and_the_format(t_s, still, name):
    assert still_name(t_s, still) == name


def test_names_sort_in_time_order():
    names = [still_name(t_s, JPEG) for t_s in range(0, 36000, 977)]
    assert names == sorted(names)


def test_stills_are_saved_as_they_are_and_only_once(tmp_path):
    folder = tmp_path / "a" / "b"
    for _ in range(2):
        saved = save_stills(folder, [moment(7), moment(3, PNG)])
    assert [(s.t_s, s.still.read_bytes()) for s in saved] == [(7.0, JPEG), (3.0, PNG)]
    assert len(list(folder.iterdir())) == 2
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_no_moment_makes_no_folder(tmp_path):
    assert save_stills(tmp_path / "none", []) == ()
    assert not (tmp_path / "none").exists()


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StillError, match="--stills") as caught:
        save_stills(tmp_path / "file" / "sub", [moment(1)])
    assert "\n" not in str(caught.value)
