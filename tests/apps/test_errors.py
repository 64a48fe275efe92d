import inspect

import pytest

from apps import errors as apps_errors
from apps.errors import AppError, exit_code
from streamvid import errors as core


def leaves(module, root):
    found = [c for _, c in inspect.getmembers(module, inspect.isclass) if issubclass(c, root)]
    assert len(found) > 3
    return found


@pytest.mark.parametrize(
    "kind", [*leaves(core, core.StreamvidError), *leaves(apps_errors, AppError)]
)
def test_every_error_has_an_exit_code_that_is_no_signal(kind):
    code = exit_code(kind("what happened"))
    assert 1 <= code <= 127 or code == apps_errors.STOPPED


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (core.SourceRefusedError("x"), 3),
        (core.RecordingNotFoundError("x"), 4),
        (core.RecordingBusyError("x"), 4),
        (core.StorageFullError("x"), 5),
        (core.ModelMismatchError("x"), 6),
        (core.ModelLoadError("x"), 6),
        (core.RangeError("x"), 2),
        (core.EngineClosedError("x"), 1),
        (core.IngestInterruptedError("x"), 130),
        (apps_errors.TimeTextError("x"), 2),
    ],
)
def test_exit_codes_are_the_documented_ones(error, code):
    assert exit_code(error) == code


@pytest.mark.parametrize("kind", leaves(apps_errors, AppError))
def test_the_tree_in_the_docstring_names_every_error(kind):
    assert kind.__name__ in (apps_errors.__doc__ or "")
