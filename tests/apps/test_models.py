import errno
import sys

import pytest

from apps.errors import ModelNameError
from apps.models import model_loader
from apps.settings import AppSettings
from streamvid.errors import ModelLoadError


def settings(folder, model):
    return AppSettings(home=folder, cache=folder, model=model)


def test_a_name_of_ones_own_is_imported_only_when_called(tmp_path, monkeypatch):
    (tmp_path / "own_model.py").write_text("def load():\n    return 'the model'\n")
    monkeypatch.syspath_prepend(tmp_path)
    load = model_loader(settings(tmp_path, "own_model:load"), note=lambda line: None)
    assert "own_model" not in sys.modules
    assert load() == "the model"
    del sys.modules["own_model"]


@pytest.mark.parametrize("name", ["", "big", "module:", ":f", "a b:c", "../x:f", "a..b:f", "m:f()"])
def test_an_unknown_name_is_refused_at_the_door(name, tmp_path):
    with pytest.raises(ModelNameError, match="nano"):
        model_loader(settings(tmp_path, name), note=lambda line: None)


def failing_with(error, monkeypatch):
    def load_nano(**_):
        raise error

    monkeypatch.setattr("streamvid.model.nano.loading.load_nano", load_nano)


def denied(path):
    return PermissionError(errno.EACCES, "Permission denied", str(path))


def test_a_cache_that_cannot_be_written_is_named_with_its_remedy(tmp_path):
    cache = tmp_path / "file"
    cache.write_bytes(b"in the way")
    load = model_loader(AppSettings(home=tmp_path, cache=cache), note=lambda line: None)
    with pytest.raises(ModelLoadError, match=r"converted weights in .*file.*--set cache=DIR"):
        load()


@pytest.mark.parametrize("caused", [False, True])
def test_a_full_disk_is_told_whoever_meets_it(tmp_path, monkeypatch, caused):
    error = RuntimeError("No space left on device (os error 28)")
    if caused:
        error = ValueError("cannot convert")
        error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    failing_with(error, monkeypatch)
    with pytest.raises(ModelLoadError, match="no space left on device; make room"):
        model_loader(settings(tmp_path, "nano"), note=lambda line: None)()


@pytest.mark.parametrize("error", [ValueError("no layer 7"), denied("/elsewhere/x")])
def test_what_is_not_about_the_cache_comes_out_as_it_is(tmp_path, monkeypatch, error):
    failing_with(error, monkeypatch)
    with pytest.raises(type(error)) as raised:
        model_loader(settings(tmp_path, "nano"), note=lambda line: None)()
    assert raised.value is error


def test_a_folder_without_a_config_is_named(tmp_path):
    with pytest.raises(ModelNameError, match=r"no config\.json"):
        model_loader(settings(tmp_path, str(tmp_path)), note=lambda line: None)
