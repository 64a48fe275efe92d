"""Rotary positions: the angles of a decoder, as tables that grow with the longest context.

Always fp32: rotating in bf16 drifts visibly within a thousand tokens.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from streamvid.model.llama.config import LlamaConfig, RopeScaling

_PAGE_POSITIONS = 1024


def inverse_frequencies(config: LlamaConfig) -> Tensor:
    """Angle per position of each pair of dimensions, float32 [head_dim / 2]."""
    steps = torch.arange(0, config.head_dim, 2, dtype=torch.int64).float() / config.head_dim
    plain = 1.0 / (config.rope_theta**steps)
    if config.rope_scaling is None:
        return plain
    return _stretch(plain, config.rope_scaling)


def _stretch(plain: Tensor, scaling: RopeScaling) -> Tensor:
    """Llama 3.1: slow waves are divided by ``factor``, quick ones stay, between them it blends."""
    wave_tokens = 2 * math.pi / plain
    turns = scaling.original_max_position_embeddings / wave_tokens
    span = scaling.high_freq_factor - scaling.low_freq_factor
    keep = ((turns - scaling.low_freq_factor) / span).clamp(0.0, 1.0)
    return keep * plain + (1 - keep) * plain / scaling.factor


class RopeTable:
    """Cosines and sines of all positions used so far, and rotations by them.

    Pairs are (i, i + head_dim / 2), as in the Hugging Face layout of the weights.
    """

    def __init__(self, config: LlamaConfig, *, device: torch.device | str = "cpu") -> None:
        self._frequencies = inverse_frequencies(config).to(device)
        self._half = config.head_dim // 2
        self._cosines = torch.empty(0, config.head_dim, device=device)
        self._sines = torch.empty(0, self._half, device=device)

    def rotate(self, heads: Tensor, *, start: int) -> Tensor:
        """Rotate float32 ``heads`` [..., n, h, head_dim], whose first token stands at ``start``."""
        stop = start + heads.shape[-3]
        self._cover(stop)
        half = self._half
        sines = self._sines[start:stop, None]  # [n, 1, D / 2]
        turned = heads * self._cosines[start:stop, None]
        turned[..., :half].addcmul_(heads[..., half:], sines, value=-1)
        turned[..., half:].addcmul_(heads[..., :half], sines)
        return turned

    def matrix(self, position: int) -> Tensor:
        """The rotation by ``position`` as float32 [D, D]: ``heads @ matrix`` rotates them.

        One product instead of four small operations: it counts where a single token is decoded.
        """
        self._cover(position + 1)
        half = self._half
        eye = torch.eye(half, device=self._cosines.device)
        cosines, sines = self._cosines[position, :half], self._sines[position]
        turn = eye * sines
        return torch.cat(
            [torch.cat([eye * cosines, turn], 1), torch.cat([-turn, eye * cosines], 1)]
        )  # [D, D]

    def _cover(self, positions: int) -> None:
        if positions <= self._cosines.shape[0]:
            return
        rows = -(-positions // _PAGE_POSITIONS) * _PAGE_POSITIONS
        places = torch.arange(rows, dtype=torch.float32, device=self._frequencies.device)
        angles = torch.outer(places, self._frequencies)  # [rows, D / 2]
        cosines, sines = angles.cos(), angles.sin()
        self._cosines = torch.cat([cosines, cosines], 1)
        self._sines = sines
