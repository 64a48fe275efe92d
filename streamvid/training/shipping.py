"""A trained network as the files that come with streamvid: written, and read to train on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from streamvid.model.errors import WeightsError
from streamvid.model.nano.language_weights import load_weights
from streamvid.model.nano.trained import (
    load_language,
    load_prefusion,
    load_vision,
    save_trained,
)
from streamvid.training.network import Network


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


def start_from(network: Network, folder: Path, language_folder: Path) -> None:
    """Put the weights of ``folder`` into ``network``, but for the retrieval head's, trained apart.

    Raises WeightsError where a file is missing.
    """
    _, base = load_weights(language_folder)
    tensors = {
        name.removeprefix("model."): tensor for name, tensor in load_prefusion(folder, base).items()
    }
    tensors |= {
        name: tensor
        for name, tensor in load_vision(folder).items()
        if not name.startswith("vision.retrieval.")
    }
    tensors |= {f"language.{name}": t for name, t in load_language(folder, base).items()}
    _, unknown = network.load_state_dict(tensors, strict=False)
    if unknown:
        raise WeightsError(f"{folder} has weights of another model: {unknown[0]}")
