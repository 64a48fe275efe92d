"""From a model's name to a function that loads it; nothing is imported before it is called."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import cast

from apps.errors import ModelNameError
from apps.settings import AppSettings
from streamvid.model.seam import VideoModel

LoadModel = Callable[[], VideoModel]


def model_loader(settings: AppSettings, *, note: Callable[[str], None]) -> LoadModel:
    """The loader of ``settings.model``: ``nano``, or ``module:function`` for one's own.

    ``note`` takes one line where loading takes long. A function of one's own takes no argument and
    returns a ``VideoModel``. Raises ``ModelNameError``.
    """
    name = settings.model
    if name == "nano":
        return lambda: _load_nano(settings, note)
    module, colon, function = name.partition(":")
    if not (colon and function.isidentifier() and all(p.isidentifier() for p in module.split("."))):
        raise ModelNameError(f"no model named {name!r}; pass nano or module:function")
    return lambda: cast("LoadModel", getattr(importlib.import_module(module), function))()


def _load_nano(settings: AppSettings, note: Callable[[str], None]) -> VideoModel:
    from streamvid.model.nano.loading import load_nano  # torch comes in here

    return load_nano(
        cache=settings.cache, weights=settings.weights, precision=settings.precision, say=note
    )
