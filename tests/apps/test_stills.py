import stat

import pytest

from apps.errors import StillError
from apps.stills import save_stills, still_name
from streamvid.answer import Moment

JPEG = b"\xff\xd8\xff\xe0picture"
PNG = b"\x89PNG\r\n\x1a\npicture"


def moment(t_s, still=JPEG):
    return Moment(tick=int(t_s), t_s=float(t_s), score=0.5, still=still)


def save(folder, *moments, recording_id="3f9a12cd55"):
    return [s.still for s in save_stills(folder, moments, recording_id=recording_id)]


@pytest.mark.parametrize(
    ("t_s", "still", "name"),
    [
        (5.9, JPEG, "3f9a12cd-0-00-05.90.jpg"),
        (59.999, JPEG, "3f9a12cd-0-00-59.99.jpg"),
        (75, JPEG, "3f9a12cd-0-01-15.00.jpg"),
        (3723.04, PNG, "3f9a12cd-1-02-03.04.png"),
    ],
)
def test_names_tell_whose_when_and_the_format(t_s, still, name):
    assert still_name("3f9a12cd55", t_s, still) == name


def test_a_live_source_gives_a_file_name_too():
    assert still_name("rtsp://cam/1", 0, JPEG) == "rtsp___c-0-00-00.00.jpg"


def test_names_sort_in_time_order():
    names = [still_name("a", t_s / 7, JPEG) for t_s in range(0, 36000, 977)]
    assert names == sorted(names)


def test_stills_are_saved_as_they_are_and_only_once(tmp_path):
    folder = tmp_path / "a" / "b"
    for _ in range(2):
        saved = save_stills(folder, [moment(7), moment(3, PNG)], recording_id="3f9a12cd55")
    assert [(s.t_s, s.still.read_bytes()) for s in saved] == [(7.0, JPEG), (3.0, PNG)]
    assert len(list(folder.iterdir())) == 2
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("aaaaaaaa", moment(7, JPEG + b"a")), ("bbbbbbbb", moment(7, JPEG + b"b"))),
        (("aaaaaaaa", moment(7.0, JPEG + b"a")), ("aaaaaaaa", moment(7.31, JPEG + b"b"))),
        # an id that begins alike, a preview within a hundredth of its tick
        (("aaaaaaaa1", moment(7.001, JPEG + b"a")), ("aaaaaaaa2", moment(7.0, JPEG + b"b"))),
    ],
)
def test_different_pictures_never_share_a_file(tmp_path, first, second):
    for _ in range(2):
        paths = [save(tmp_path, m, recording_id=id_)[0] for id_, m in (first, second)]
        assert [path.read_bytes() for path in paths] == [first[1].still, second[1].still]
    assert len(list(tmp_path.iterdir())) == 2


def test_no_moment_makes_no_folder(tmp_path):
    assert save(tmp_path / "none") == []
    assert not (tmp_path / "none").exists()


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StillError, match="--stills") as caught:
        save(tmp_path / "file" / "sub", moment(1))
    assert "\n" not in str(caught.value)
