"""Which device a model of full size runs on."""

from __future__ import annotations

import torch

from streamvid.model.errors import ModelError


def choose_device(wish: str) -> str:
    """``cpu`` or ``cuda`` for a wish that may be ``auto``: CUDA if there is any.

    Raises ModelError where ``cuda`` is wished for and there is none.
    """
    if wish == "cpu":
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    if wish == "cuda":
        raise ModelError("no CUDA device is to be had; pass --set device=cpu, see doctor")
    return "cpu"
