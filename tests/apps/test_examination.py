import sys
from pathlib import Path

import pytest

from apps import examination
from apps.examination import Finding, examine
from apps.settings import AppSettings


def first(settings, name):
    return next(finding for finding in examine(settings) if finding.name == name)


def test_a_folder_that_does_not_exist_yet_is_fine(tmp_path):
    settings = AppSettings(home=tmp_path / "a" / "b", cache=tmp_path)
    finding = first(settings, "home")
    assert finding.works
    assert "GB free" in finding.found
    assert not (tmp_path / "a").exists()


def test_a_home_below_a_file_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    settings = AppSettings(home=tmp_path / "file" / "home", cache=tmp_path)
    assert not first(settings, "home").works


def test_the_python_that_runs_is_told(tmp_path):
    finding = first(AppSettings(home=tmp_path, cache=tmp_path), "python")
    assert finding.works
    assert finding.found.startswith(f"{sys.version_info[0]}.{sys.version_info[1]}")


@pytest.mark.parametrize(
    ("code", "works", "word"),
    [
        ("import json; print(json.dumps('fine'))", True, "fine"),
        ("raise SystemExit('ImportError: no module named x')", False, "no module named x"),
        ("raise SystemExit(3)", False, "without a word"),
        ("import os; os.kill(os.getpid(), 4)", False, "signal 4"),
    ],
)
def test_a_library_that_fails_or_crashes_is_told(code, works, word):
    finding = examination._tried("library", code)
    assert isinstance(finding, Finding)
    assert finding.works is works
    assert word in finding.found
    assert works or finding.remedy


def test_weights_that_are_not_installed_are_told():
    file = examination.packages.PackagedFile("no-such", "no_such_module", "x.bin", "0" * 16)
    finding = examination._weights(file)
    assert not finding.works
    assert "no-such" in finding.found


def test_trained_weights_are_looked_for_where_they_are_set(tmp_path):
    settings = AppSettings(home=tmp_path, cache=tmp_path, weights=tmp_path)
    missing = first(settings, "weights trained")
    assert not missing.works
    assert str(tmp_path) in missing.found
    (tmp_path / "vision.safetensors").write_bytes(b"x" * 2_000_000)
    found = first(settings, "weights trained")
    assert found.works
    assert "1 files, 2.0 MB" in found.found


def test_the_snippets_compile():
    names = ("_DECODERS", "_DEVICES", "_INDEX", "_STILLS")
    for name in names:
        compile(getattr(examination, name), str(Path(name)), "exec")
