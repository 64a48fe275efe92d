from __future__ import annotations

import pytest
import torch

from streamvid.model.llama import LlamaConfig
from streamvid.model.llama.rope import RopeTable, inverse_frequencies

LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 128,
}


@pytest.mark.parametrize("scaling", [None, LLAMA3])
def test_frequencies_are_those_of_the_library(fields, library_model, make_tensors, scaling):
    fields |= {"rope_scaling": scaling}
    config = LlamaConfig.from_json(fields)
    library = library_model(fields, make_tensors(config))
    expected = library.model.rotary_emb.inv_freq
    torch.testing.assert_close(inverse_frequencies(config), expected, rtol=1e-6, atol=0)


def test_a_rotation_by_zero_changes_nothing(config):
    heads = torch.randn(1, 3, config.head_dim)
    assert torch.equal(RopeTable(config).rotate(heads, start=0), heads)


def test_scores_depend_on_distance_only(config):
    table = RopeTable(config)
    query, key = torch.randn(1, 1, config.head_dim), torch.randn(1, 1, config.head_dim)
    near = (table.rotate(query, start=7) * table.rotate(key, start=3)).sum()
    far = (table.rotate(query, start=1504) * table.rotate(key, start=1500)).sum()
    torch.testing.assert_close(near, far, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("position", [0, 1, 500, 1023, 1024, 5000])
def test_the_matrix_rotates_as_the_table_does(config, position):
    table = RopeTable(config)
    heads = torch.randn(5, config.head_dim)
    expected = table.rotate(heads[None], start=position)[0]
    torch.testing.assert_close(heads @ table.matrix(position), expected)


def test_the_batch_axis_shares_positions(config):
    table = RopeTable(config)
    heads = torch.randn(2, 4, 3, config.head_dim)
    together = table.rotate(heads, start=9)
    assert torch.equal(together[1], table.rotate(heads[1], start=9))
