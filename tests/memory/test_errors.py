from __future__ import annotations

import inspect

from memory import errors


def test_every_error_has_the_root_and_a_place_in_the_drawn_tree() -> None:
    classes = [
        value
        for _, value in inspect.getmembers(errors, inspect.isclass)
        if value.__module__ == errors.__name__
    ]
    assert len(classes) == 15
    assert errors.__doc__ is not None
    for error in classes:
        assert issubclass(error, errors.TokenMemoryError)
        assert error.__name__ in errors.__doc__
        builtin = [b.__name__ for b in error.__mro__ if b in (OSError, LookupError, ValueError)]
        line = next(
            line for line in errors.__doc__.splitlines() if f"{error.__name__}" in line.split(" ")
        )
        if "(" in line:
            assert f"({builtin[0]})" in line


def test_a_busy_recording_tells_who_holds_it() -> None:
    error = errors.RecordingBusyError("held", pid=7)
    assert (str(error), error.pid) == ("held", 7)
