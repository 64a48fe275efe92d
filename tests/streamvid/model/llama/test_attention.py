from __future__ import annotations

import pytest
import torch

from streamvid.model.llama.attention import attend, attend_from_last, causal_mask, mask_for


def _plain(queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Attention written out in fp32: the last n of m places look at themselves and before."""
    queries, keys, values = queries.float(), keys.float(), values.float()
    share = queries.shape[1] // keys.shape[1]
    keys, values = keys.repeat_interleave(share, 1), values.repeat_interleave(share, 1)
    n, m = queries.shape[2], keys.shape[2]
    scores = queries @ keys.mT / queries.shape[3] ** 0.5
    seen = torch.arange(m) <= torch.arange(m - n, m)[:, None]
    out = scores.masked_fill(~seen, -torch.inf).softmax(-1) @ values
    return out.transpose(1, 2).flatten(2)


def _random(*shape: int, dtype: torch.dtype) -> torch.Tensor:
    return torch.randn(shape).to(dtype)


TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 2e-2}
DTYPES = list(TOLERANCE)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("past", "tokens"), [(0, 1), (0, 70), (1, 1), (5, 9), (300, 40), (1, 128), (300, 200)]
)
def test_many_tokens_see_what_lies_before_them(dtype, past, tokens):
    queries = _random(2, 6, tokens, 16, dtype=dtype)
    keys, values = (_random(2, 2, past + tokens, 16, dtype=dtype) for _ in range(2))
    mask = mask_for(tokens, past, dtype=dtype, device=queries.device)
    found = attend(queries, keys, values, mask)
    expected = _plain(queries, keys, values)
    torch.testing.assert_close(found.float(), expected, atol=TOLERANCE[dtype], rtol=0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", [1, 2, 77, 600])
@pytest.mark.parametrize("groups", [1, 2, 6])
def test_one_token_sees_everything(dtype, length, groups):
    queries = _random(6, 16, dtype=dtype)
    keys, values = (_random(1, groups, length, 16, dtype=dtype) for _ in range(2))
    found = attend_from_last(queries, keys, values)
    expected = _plain(queries.view(1, 6, 1, 16), keys, values)[0, 0]
    torch.testing.assert_close(found.float(), expected, atol=TOLERANCE[dtype], rtol=0)


def test_a_long_chunk_needs_no_mask_and_equals_one_with_it():
    queries, keys, values = (_random(1, 4, n, 16, dtype=torch.float32) for n in (150, 250, 250))
    assert mask_for(150, 100, dtype=torch.float32, device=queries.device) is None
    mask = causal_mask(150, 100, dtype=torch.float32, device=queries.device)
    in_two, masked = attend(queries, keys, values, None), attend(queries, keys, values, mask)
    torch.testing.assert_close(in_two, masked, atol=1e-5, rtol=0)
