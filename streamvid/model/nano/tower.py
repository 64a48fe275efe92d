"""The image tower: EfficientNet-Lite2, pretrained on ImageNet, as a grid of patch features.

Source: Tan and Le, "EfficientNet" (arXiv 1905.11946), Table 1, scaled by 1.1 in width and 1.2 in
depth, in the Lite variant of its authors: no squeeze-and-excitation, ReLU6; stem, head, first and
last stage unscaled. Of the Lite sizes, this one finds pictures by captions clearly better than
Lite0 (docs/training.md) and still leaves ingest fast. It was trained at 260 pixels; 256 gives the
same features on an even grid. Batch norms are folded into the
convolutions at load. The checkpoint was converted from TensorFlow: SAME padding (asymmetric at
stride 2), batch-norm eps 1e-3, pixels as (x - 127) / 128.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from streamvid.model.errors import WeightsError

IMAGE_PX = 256
GRID = 8
CELLS = GRID * GRID
DEEP_WIDTH = 352
SHALLOW_WIDTH = 120
SHALLOW_CELL = 4 * SHALLOW_WIDTH  # a stride-32 cell covers 2 x 2 stride-16 cells
COLOUR_CELL = 4 * 3  # mean RGB of 2 x 2 sub-cells
HEAD_WIDTH = 1280
CLASSES = 1000

_BATCH_NORM_EPS = 1e-3


@dataclass(frozen=True, slots=True)
class _Stage:
    repeats: int
    kernel: int
    stride: int
    expand: int
    width_in: int
    width_out: int


_STAGES = (
    _Stage(1, 3, 1, 1, 32, 16),
    _Stage(3, 3, 2, 6, 16, 24),
    _Stage(3, 5, 2, 6, 24, 48),
    _Stage(4, 3, 2, 6, 48, 88),
    _Stage(4, 5, 1, 6, 88, 120),  # its output is the shallow map, stride 16
    _Stage(5, 5, 2, 6, 120, 208),
    _Stage(1, 3, 1, 6, 208, 352),  # its output is the deep map, stride 32
)
_SHALLOW_STAGE = 4


@dataclass(frozen=True, slots=True, eq=False)
class PatchFeatures:
    """What the tower sees of B pictures, N = 64 cells each.

    ``deep`` [B, N, 352], before the 1x1 head convolution; ``shallow`` [B, N, 480], the stride-16
    map folded 2 x 2; ``colour`` [B, N, 12], mean RGB in [-1, 1] of each cell's quarters. ImageNet's
    deepest features hardly carry colour, hence the other two.
    """

    deep: Tensor
    shallow: Tensor
    colour: Tensor


class Convolution(nn.Module):
    """Convolution with its batch norm folded in, then ReLU6 where ``active``."""

    def __init__(
        self, width_in: int, width_out: int, *, kernel: int, stride: int, groups: int, active: bool
    ) -> None:
        super().__init__()
        self.kernel, self.stride, self.active = kernel, stride, active
        # At stride 1 SAME padding is symmetric and left to the convolution.
        padding = kernel // 2 if stride == 1 else 0
        self.conv = nn.Conv2d(width_in, width_out, kernel, stride, padding, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """[B, in, h, w] → [B, out, h / stride, w / stride]."""
        if self.stride != 1:
            x = pad_same(x, self.kernel, self.stride)
        x = self.conv(x)
        out: Tensor = F.relu6(x) if self.active else x
        return out


class InvertedResidual(nn.Module):
    """Inverted residual: widen, filter each channel, narrow; added to its input where they fit."""

    def __init__(
        self, width_in: int, width_out: int, *, kernel: int, stride: int, expand: int
    ) -> None:
        super().__init__()
        middle = width_in * expand
        self.expand = (
            Convolution(width_in, middle, kernel=1, stride=1, groups=1, active=True)
            if expand != 1
            else None
        )
        self.depthwise = Convolution(
            middle, middle, kernel=kernel, stride=stride, groups=middle, active=True
        )
        self.project = Convolution(middle, width_out, kernel=1, stride=1, groups=1, active=False)
        self.residual = stride == 1 and width_in == width_out

    def forward(self, x: Tensor) -> Tensor:
        """[B, in, h, w] → [B, out, h / stride, w / stride]."""
        y = x if self.expand is None else self.expand(x)
        y = self.project(self.depthwise(y))
        out: Tensor = x + y if self.residual else y
        return out


class Tower(nn.Module):
    """EfficientNet-Lite2 up to the stride-32 map; frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Convolution(3, 32, kernel=3, stride=2, groups=1, active=True)
        blocks: list[InvertedResidual] = []
        for number, stage in enumerate(_STAGES):
            for repeat in range(stage.repeats):
                first = repeat == 0
                blocks.append(
                    InvertedResidual(
                        stage.width_in if first else stage.width_out,
                        stage.width_out,
                        kernel=stage.kernel,
                        stride=stage.stride if first else 1,
                        expand=stage.expand,
                    )
                )
            if number == _SHALLOW_STAGE:
                self.shallow_block = len(blocks) - 1
        self.blocks = nn.ModuleList(blocks)
        self.head = Convolution(DEEP_WIDTH, HEAD_WIDTH, kernel=1, stride=1, groups=1, active=True)
        self.classifier = nn.Linear(HEAD_WIDTH, CLASSES)

    def inverted_residuals(self) -> list[InvertedResidual]:
        """The blocks, in order, with their own type."""
        return [block for block in self.blocks if isinstance(block, InvertedResidual)]

    def forward(self, pixels: Tensor) -> PatchFeatures:
        """Features of ``pixels`` [B, 3, 256, 256], RGB in [0, 255], in the tower's own dtype."""
        x = (pixels - 127.0) / 128.0
        colour = F.avg_pool2d(x.float(), IMAGE_PX // (2 * GRID))  # [B, 3, 16, 16]
        x = self.stem(x.to(self.stem.conv.weight.dtype))
        shallow = x
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number == self.shallow_block:
                shallow = x
        return PatchFeatures(
            deep=x.flatten(2).transpose(1, 2),  # [B, N, 352]
            shallow=fold(shallow),  # [B, N, 480]
            colour=fold(colour),  # [B, N, 12]
        )


def fold(grid: Tensor) -> Tensor:
    """[B, c, 16, 16] → [B, 64, 4c]: each cell holds its four quarters' channels."""
    return F.pixel_unshuffle(grid, 2).flatten(2).transpose(1, 2)


def pad_same(x: Tensor, kernel: int, stride: int) -> Tensor:
    """TensorFlow's SAME padding, which puts the odd pixel at the right and the bottom."""
    pads = []
    for size in (x.shape[-1], x.shape[-2]):
        total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads)


def load_tower(path: Path) -> Tower:
    """The tower with the packaged weights, float32. Raises WeightsError on another checkpoint."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    tower = Tower()
    try:
        _fold_batch_norm(tower.stem, state, "_conv_stem", "_bn0")
        for number, block in enumerate(tower.inverted_residuals()):
            prefix = f"_blocks.{number}."
            if block.expand is not None:
                _fold_batch_norm(block.expand, state, prefix + "_expand_conv", prefix + "_bn0")
            _fold_batch_norm(block.depthwise, state, prefix + "_depthwise_conv", prefix + "_bn1")
            _fold_batch_norm(block.project, state, prefix + "_project_conv", prefix + "_bn2")
        _fold_batch_norm(tower.head, state, "_conv_head", "_bn1")
        with torch.no_grad():
            tower.classifier.weight.copy_(state["_fc.weight"])
            tower.classifier.bias.copy_(state["_fc.bias"])
    except (KeyError, RuntimeError) as error:
        raise WeightsError(f"{path} is not an EfficientNet-Lite2 checkpoint: {error}") from error
    return tower.eval().requires_grad_(requires_grad=False)


def _fold_batch_norm(into: Convolution, state: dict[str, Tensor], conv: str, norm: str) -> None:
    variance, mean = state[f"{norm}.running_var"], state[f"{norm}.running_mean"]
    scale = state[f"{norm}.weight"] / torch.sqrt(variance + _BATCH_NORM_EPS)
    with torch.no_grad():
        into.conv.weight.copy_(state[f"{conv}.weight"] * scale[:, None, None, None])
        assert into.conv.bias is not None
        into.conv.bias.copy_(state[f"{norm}.bias"] - mean * scale)
