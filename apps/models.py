"""From a model's name to a function that loads it; nothing is imported before it is called."""

from __future__ import annotations

import errno
import importlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from apps.errors import ModelNameError
from apps.settings import AppSettings
from streamvid.errors import ModelLoadError
from streamvid.model.seam import VideoModel

if TYPE_CHECKING:
    from streamvid.model.llama import PrecisionName

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
LoadModel = Callable[[], VideoModel]

_FULL = (errno.ENOSPC, errno.EDQUOT)
# safetensors writes through Rust, whose errors tell the system's number in their text alone.
_OS_ERROR = re.compile(r"\(os error ([0-9]+)\)")


def model_loader(settings: AppSettings, *, note: Callable[[str], None]) -> LoadModel:
    """The loader of ``settings.model``: ``nano``, a LLaVA-Mini's folder or name on the hub, or
    ``module:function``.

    ``note`` takes one line where loading takes long. A function of one's own takes no argument and
    returns a ``VideoModel``. Raises ``ModelNameError``.
    """
    name = settings.model
    if name == "nano":
        return lambda: _load_nano(settings, note)
    folder = Path(name).expanduser()
    if (folder / "config.json").exists():
        return lambda: _load_llava_mini(folder, settings, note)
    if name and folder.is_dir():
        raise ModelNameError(f"no config.json in {name!r}; pass a LLaVA-Mini checkpoint's folder")
    if _HUB_NAME.fullmatch(name):
        return lambda: _load_llava_mini(_fetch(name, note), settings, note, name=name)
    module, colon, function = name.partition(":")
    if not (colon and function.isidentifier() and all(p.isidentifier() for p in module.split("."))):
        raise ModelNameError(
            f"no model named {name!r}; pass nano, a LLaVA-Mini's folder, its owner/name on the hub,"
            " or module:function"
        )
    return lambda: cast("LoadModel", getattr(importlib.import_module(module), function))()


def _load_nano(settings: AppSettings, note: Callable[[str], None]) -> VideoModel:
    from streamvid.model.nano.loading import load_nano  # torch comes in here

    try:
        return load_nano(
            cache=settings.cache, weights=settings.weights, precision=_precision(settings), say=note
        )
    except Exception as error:
        reason = _why_not_kept(error, settings.cache)
        if reason is None:
            raise
        raise ModelLoadError(
            f"cannot keep converted weights in {str(settings.cache)!r}: {reason};"
            " make room there, or pass --set cache=DIR"
        ) from error


def _load_llava_mini(
    folder: Path, settings: AppSettings, note: Callable[[str], None], *, name: str | None = None
) -> VideoModel:
    from streamvid.model.devices import choose_device
    from streamvid.model.llava_mini.loading import load_llava_mini

    return load_llava_mini(
        folder,
        name=name,
        cache=settings.cache,
        precision=_precision(settings),
        fetch_tower=lambda name: _fetch(name, note),
        device=choose_device(settings.device),
        geometry=settings.geometry,
        say=note,
    )


def _fetch(name: str, note: Callable[[str], None]) -> Path:
    from streamvid.model.llava_mini.hub import fetch

    return fetch(name, say=note)


def _precision(settings: AppSettings) -> PrecisionName:
    return "nf4" if settings.quantize == "nf4" else settings.precision


def _why_not_kept(error: BaseException | None, cache: Path) -> str | None:
    """Why ``cache`` could not be written, if that is what ``error`` is about."""
    while error is not None:
        code = error.errno if isinstance(error, OSError) else None
        if told := _OS_ERROR.search(str(error)):
            code = int(told[1])
        named = error.filename if isinstance(error, OSError) else None
        inside = isinstance(named, str) and Path(named).is_relative_to(cache)
        if code is not None and (code in _FULL or inside):
            return os.strerror(code).lower()
        error = error.__cause__
    return None
