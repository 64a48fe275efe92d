from __future__ import annotations

import pytest
import torch

from streamvid.model.llama.norm import rms_norm


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
@pytest.mark.parametrize("shape", [(48,), (7, 48), (2, 3, 576)])
def test_it_is_torchs_own_norm(shape, scale):
    rows, weight = scale * torch.randn(shape), torch.randn(shape[-1])
    expected = torch.nn.functional.rms_norm(rows, weight.shape, weight, 1e-5)
    torch.testing.assert_close(rms_norm(rows, weight, 1e-5), expected, rtol=1e-5, atol=1e-6)


def test_zeros_stay_zeros_and_the_input_stays():
    rows = torch.zeros(2, 8)
    assert torch.equal(rms_norm(rows, torch.ones(8), 1e-5), rows)
    assert not rows.any()
