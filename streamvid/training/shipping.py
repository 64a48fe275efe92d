"""Writes a trained network as the files that come with streamvid, and says how large they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from streamvid.model.nano.language_weights import load_weights
from streamvid.model.nano.trained import save_trained


def ship_weights(
    masters: Mapping[str, Tensor],
    frozen: Mapping[str, Tensor],
    language_folder: Path,
    folder: Path,
    *,
    say: Callable[[str], None],
) -> None:
    """Write to ``folder``. ``masters`` are the trained tensors by the network's names, ``frozen``
    those of the retrieval head (``vision.retrieval.*``)."""
    _, base = load_weights(language_folder)
    vision: dict[str, Tensor] = {}
    prefusion: dict[str, Tensor] = {}
    language: dict[str, Tensor] = {}
    for name, tensor in {**masters, **frozen}.items():
        if name.startswith("language."):
            language[name.removeprefix("language.")] = tensor
        elif name.startswith("layers."):
            prefusion[name] = tensor
        else:
            vision[name] = tensor
    with torch.no_grad():
        paths = save_trained(
            folder, vision=vision, prefusion=prefusion, language=language, base=base
        )
    for path in paths:
        say(f"{path} {path.stat().st_size / 1e6:.1f} MB")
