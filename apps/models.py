"""From a model's name to a function that loads it; nothing is imported before it is called."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import cast

from apps.errors import ModelNameError
from streamvid.model.seam import VideoModel

LoadModel = Callable[[], VideoModel]


def model_loader(name: str, *, cache: Path, note: Callable[[str], None]) -> LoadModel:
    """The loader of the model called ``name``: ``nano``, or ``module:function`` for one's own.

    ``cache`` is where converted weights go; ``note`` takes one line where loading takes long. A
    function of one's own takes no argument and returns a ``VideoModel``. Raises ``ModelNameError``.
    """
    if name == "nano":
        return lambda: _load_nano(cache, note)
    module, colon, function = name.partition(":")
    if not (colon and function.isidentifier() and all(p.isidentifier() for p in module.split("."))):
        raise ModelNameError(f"no model named {name!r}; pass nano or module:function")
    return lambda: cast("LoadModel", getattr(importlib.import_module(module), function))()


def _load_nano(cache: Path, note: Callable[[str], None]) -> VideoModel:
    from streamvid.model import nano  # torch comes in here

    return nano.load(cache, progress=note)
