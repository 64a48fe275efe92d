from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from streamvid.model.errors import WeightsError
from streamvid.model.nano import fused_tower
from streamvid.model.nano.packages import EFFICIENTNET_LITE2
from streamvid.model.nano.tower import (
    CELLS,
    COLOUR_CELL,
    DEEP_WIDTH,
    IMAGE_PX,
    SHALLOW_CELL,
    Convolution,
    load_tower,
    pad_same,
)

RED_PIXEL = (250.0, 5.0, 5.0)


def test_features_have_one_row_a_cell(tower):
    with torch.inference_mode():
        features = tower(torch.rand(2, 3, IMAGE_PX, IMAGE_PX) * 255)
    assert features.deep.shape == (2, CELLS, DEEP_WIDTH)
    assert features.shallow.shape == (2, CELLS, SHALLOW_CELL)
    assert features.colour.shape == (2, CELLS, COLOUR_CELL)


def test_colour_is_the_mean_of_each_quarter_of_a_cell(tower):
    pixels = torch.full((1, 3, IMAGE_PX, IMAGE_PX), 127.0)
    quarter = IMAGE_PX // 16
    # The lower left quarter of the second cell of the first row.
    pixels[0, :, quarter : 2 * quarter, 2 * quarter : 3 * quarter] = torch.tensor(RED_PIXEL)[
        :, None, None
    ]
    with torch.inference_mode():
        seen = tower(pixels).colour[0]
    colour = seen.clone()
    cell = colour[1].view(3, 2, 2)  # channel, row, column
    assert cell[:, 1, 0].tolist() == pytest.approx([(p - 127) / 128 for p in RED_PIXEL])
    cell[:, 1, 0] = 0
    colour[1] = cell.flatten()
    assert colour.abs().max() == 0


def test_a_picture_alone_and_in_a_batch_agree(tower):
    pixels = torch.rand(3, 3, IMAGE_PX, IMAGE_PX, generator=torch.Generator().manual_seed(1)) * 255
    with torch.inference_mode():
        together = tower(pixels).deep
        alone = torch.cat([tower(pixels[i : i + 1]).deep for i in range(3)])
    assert torch.allclose(together, alone, atol=1e-3)


def test_strided_layers_pad_as_tensorflow_does(tower):
    # SAME at stride 2 on an even size: nothing before, all padding after.
    x = torch.rand(1, 3, 8, 8)
    stem = tower.stem
    with torch.inference_mode():
        ours = stem(x)
        padded = F.pad(x, (0, 1, 0, 1))
        expected = F.relu6(F.conv2d(padded, stem.conv.weight, stem.conv.bias, stride=2))
    assert torch.allclose(ours, expected, atol=1e-6)


def test_another_checkpoint_is_refused_by_name(tmp_path):
    state = torch.load(EFFICIENTNET_LITE2.locate(), weights_only=True)
    del state["_blocks.3._bn1.weight"]
    path = tmp_path / "other.pth"
    torch.save(state, path)
    with pytest.raises(WeightsError, match=r"other\.pth is not an EfficientNet-Lite2"):
        load_tower(path)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("frames", [1, 3, 9])
def test_the_fused_tower_gives_what_the_plain_one_gives(dtype, frames):
    if not fused_tower.is_available(dtype):
        pytest.skip(f"torch has no fused {dtype} convolutions for this processor")
    # A tower of its own: changing the type of the shared one would change other tests.
    plain = load_tower(EFFICIENTNET_LITE2.locate()).to(dtype)
    plain = plain.to(memory_format=torch.channels_last)
    generator = torch.Generator().manual_seed(2)
    pixels = torch.rand(frames, 3, IMAGE_PX, IMAGE_PX, generator=generator) * 255
    pixels = pixels.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        expected, found = plain(pixels), fused_tower.FusedTower(plain)(pixels)
    tolerance = 1e-3 if dtype == torch.float32 else 0.1
    for name in ("deep", "shallow", "colour"):
        error = (getattr(found, name).float() - getattr(expected, name).float()).abs().max()
        assert error <= tolerance
    assert expected.deep.float().abs().max() > 3


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("kernel", "size"), [(3, 32), (5, 16)])
def test_a_wider_kernel_pads_to_the_bit_as_a_copy_does(dtype, kernel, size):
    if not fused_tower.is_available(dtype):
        pytest.skip(f"torch has no fused {dtype} convolutions for this processor")
    width = 48
    source = Convolution(width, width, kernel=kernel, stride=2, groups=width, active=True).to(dtype)
    x = torch.randn(2, width, size, size, generator=torch.Generator().manual_seed(3)).to(dtype)
    x = x.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        found = fused_tower.FusedConvolution(source)(x)
        padded = pad_same(x, kernel, 2)
        expected = torch.ops.mkldnn._convolution_pointwise(
            padded, source.conv.weight, source.conv.bias, [0, 0], [2, 2], [1, 1], width,
            "hardtanh", [0.0, 6.0], "",
        )  # fmt: skip
    assert found.shape == (2, width, size // 2, size // 2)
    assert torch.equal(found, expected)
    assert expected.max() > 0
