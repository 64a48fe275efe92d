import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.errors import SettingError
from apps.settings import AppSettings, allowed_text, default_folders, read_file, resolve
from streamvid.settings import Settings

FOLDERS = {"home": Path("/h/data/streamvid"), "cache": Path("/h/cache/streamvid")}


def layered(*, file=None, environment=None, flags=None):
    return resolve(
        folders=FOLDERS,
        file=file or {},
        file_name="config.toml",
        environment=environment or {},
        flags=flags or {},
    )


def test_nothing_set_gives_the_defaults():
    resolved = layered()
    assert resolved.settings.core == Settings()
    assert resolved.settings.home == FOLDERS["home"]
    assert resolved.settings.recordings == FOLDERS["home"] / "recordings"
    assert set(resolved.origins.values()) == {"default"}


def test_each_layer_wins_over_the_ones_before():
    file = {"seed": 1, "fusion_frames": 3, "max_new_tokens": 10}
    environment = {"STREAMVID_SEED": "2", "STREAMVID_FUSION_FRAMES": "4"}
    resolved = layered(file=file, environment=environment, flags={"seed": "7"})
    core = resolved.settings.core
    assert (core.seed, core.fusion_frames, core.max_new_tokens) == (7, 4, 10)
    assert resolved.origins["seed"] == "flag"
    assert resolved.origins["fusion_frames"] == "STREAMVID_FUSION_FRAMES"
    assert resolved.origins["max_new_tokens"] == "config.toml"
    assert resolved.origins["top_p"] == "default"


def test_values_and_origins_name_the_same_settings():
    resolved = layered()
    assert list(resolved.values()) == list(resolved.origins)
    assert set(resolved.values()) >= {field.name for field in dataclasses.fields(Settings)}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("lossless_stills", "yes", True),
        ("lossless_stills", "0", False),
        ("temperature", "0.5", 0.5),
        ("commit_s", "5", 5.0),
        ("view_tokens", "none", None),
        ("view_tokens", "512", 512),
        ("fusion", "full", "full"),
    ],
)
def test_texts_become_what_the_setting_is(name, text, value):
    found = getattr(layered(flags={name: text}).settings.core, name)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lossless_stills", "perhaps"),
        ("max_new_tokens", "many"),
        ("max_new_tokens", "1.5"),
        ("max_new_tokens", "none"),
        ("max_new_tokens", "0"),
        ("fusion", "half"),
        ("temperature", "-1"),
        ("temperature", "nan"),
        ("home", ""),
    ],
)
@pytest.mark.parametrize("layer", ["flags", "environment"])
def test_a_bad_value_is_refused_with_its_name_and_origin(name, text, layer):
    if layer == "flags":
        arguments, origin = {"flags": {name: text}}, "flag"
    else:
        origin = f"STREAMVID_{name.upper()}"
        arguments = {"environment": {origin: text}}
    with pytest.raises(SettingError) as caught:
        layered(**arguments)
    assert name in str(caught.value)
    assert f"set by {origin}" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "file",
    [{"fusion": 3}, {"max_new_tokens": "64"}, {"max_new_tokens": True}, {"home": 1}, {"nosuch": 1},
     {"core": {}}, {"temperature": "hot"}],
)  # fmt: skip
def test_a_bad_file_is_refused_with_its_name(file):
    with pytest.raises(SettingError, match=r"config\.toml"):
        layered(file=file)


def test_a_foreign_variable_is_passed_over_and_a_foreign_flag_refused():
    assert layered(environment={"STREAMVID_NOSUCH": "1"}).settings.core == Settings()
    with pytest.raises(SettingError, match="nosuch"):
        layered(flags={"nosuch": "1"})


@given(st.sampled_from([f.name for f in dataclasses.fields(Settings)]), st.text(max_size=12))
def test_any_text_for_any_setting_is_taken_or_refused_in_one_line(name, text):
    message = ""
    try:
        layered(flags={name: text})
    except SettingError as error:
        message = str(error)
    # The text itself is shown with repr, which escapes what would break the line.
    assert len(message.splitlines()) <= 1


def test_the_folder_of_saved_stills_is_of_one_recording_alone():
    settings = AppSettings(home=Path("/h"), cache=Path("/c"))
    assert settings.stills("3f9a12cd" * 8) == Path("/h/stills/3f9a12cd3f9a")
    assert settings.stills("front") == Path("/h/stills/front")
    names = ["rtsp://192.168.1.20/a", "rtsp://192.168.1.21/a", "push:camera-1",
             "push:camera-2", "front-door-left", "front-door-right", "x/../../..", "\N{CAMERA}",
             "/h/film.mp4"]  # fmt: skip
    folders = [settings.stills(name) for name in names]
    assert len(set(folders)) == len(names)
    assert {folder.parent for folder in folders} == {Path("/h/stills")}
    assert all(folder.name.strip(".-") for folder in folders)
    assert folders[0].name.startswith("rtsp-192-168-1-20-a-")


def test_the_xdg_rules():
    folders = default_folders({"HOME": "/h", "XDG_CACHE_HOME": "/c", "XDG_DATA_HOME": "relative"})
    assert folders == {
        "home": Path("/h/.local/share/streamvid"),
        "cache": Path("/c/streamvid"),
        "config": Path("/h/.config/streamvid/config.toml"),
    }


def test_without_any_home_the_folders_must_be_said():
    assert default_folders({}) == {}
    with pytest.raises(SettingError, match="HOME"):
        resolve(folders={}, file={}, file_name="f", environment={}, flags={"home": "/x"})
    told = {"home": "/x", "cache": "/y"}
    resolved = resolve(folders={}, file={}, file_name="f", environment={}, flags=told)
    assert resolved.settings.cache == Path("/y")


def test_a_file_is_read_or_refused(tmp_path):
    path = tmp_path / "c.toml"
    assert read_file(path, required=False) == {}
    with pytest.raises(SettingError, match=r"c\.toml"):
        read_file(path, required=True)
    path.write_text('fusion = "full"\nseed = 3\n')
    assert read_file(path, required=True) == {"fusion": "full", "seed": 3}
    for bad in (b"fusion = ", b"\xff\xfe"):
        path.write_bytes(bad)
        with pytest.raises(SettingError, match=r"c\.toml"):
            read_file(path, required=False)
    with pytest.raises(SettingError):
        read_file(tmp_path, required=False)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fusion", "bounded or full"),
        ("view_tokens", "a whole number or none"),
        ("lossless_stills", "true or false"),
        ("home", "a path"),
    ],
)
def test_what_a_setting_may_be_is_said(name, text):
    assert allowed_text(name) == text
