import sys

import pytest

from apps.errors import ModelNameError
from apps.models import model_loader
from apps.settings import AppSettings


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
