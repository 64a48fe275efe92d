"""transformers' own Llama goes on from our KV cache, and we from its."""

from __future__ import annotations

import pytest
import torch
from transformers import DynamicCache

from streamvid.model.llama import CacheError, LanguageModel, LlamaConfig, Precision
from streamvid.model.llama.transformers_cache import (
    TransformersCache,
    from_transformers,
    to_transformers,
)

LLAMA3 = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}  # fmt: skip
KINDS = {
    "gqa": {},
    "every-head": {"num_key_value_heads": 6},
    "one-head": {"num_key_value_heads": 1},
    "llama3": {"rope_theta": 500_000.0, "rope_scaling": LLAMA3, "tie_word_embeddings": False},
}
NEAR = {"atol": 2e-4, "rtol": 1e-4}


@pytest.fixture(params=KINDS)
def pair(request, fields, library_model, make_tensors):
    """Our model and the library's, of the same weights."""
    fields |= KINDS[request.param]
    config = LlamaConfig.from_json(fields)
    tensors = make_tensors(config)
    return (
        LanguageModel.from_tensors(config, tensors, Precision()),
        library_model(fields, tensors),
    )


def some_ids(model, count: int) -> torch.Tensor:
    return torch.randint(0, model.config.vocab_size, (count,))


def greedy(model: LanguageModel, logits: torch.Tensor, cache, count: int) -> list[int]:
    ids: list[int] = []
    for _ in range(count):
        ids.append(int(logits.argmax()))
        logits = model.decode_step(ids[-1], cache)
    return ids


@torch.inference_mode()
def test_the_library_goes_on_from_our_cache_and_we_from_there(pair):
    model, library = pair
    ids = some_ids(model, 150)
    whole = library(ids[None]).logits[0]
    cache = model.new_cache()
    model.extend(model.embed(ids[:90]), cache)
    theirs = TransformersCache(cache)
    assert theirs.get_seq_length() == 90
    found = library(ids[None, 90:130], past_key_values=theirs).logits[0]
    torch.testing.assert_close(found, whole[90:130], **NEAR)
    assert cache.length == theirs.get_seq_length() == 130
    mine = model.logits_of_all(model.embed(ids[130:]), cache)  # the same buffers
    torch.testing.assert_close(mine, whole[130:], **NEAR)
    assert cache.layers == len(theirs)


@torch.inference_mode()
def test_the_librarys_own_generation_runs_over_our_cache(pair):
    model, library = pair
    ids = some_ids(model, 60)
    cache = model.new_cache()
    logits = model.prefill(model.embed(ids), cache)
    expected = greedy(model, logits, cache.fork(), 12)
    cache.rewind(59)  # the library runs at least one token itself
    told = library.generate(
        ids[None],
        attention_mask=torch.ones(1, 60, dtype=torch.long),
        past_key_values=TransformersCache(cache),
        max_new_tokens=12,
        do_sample=False,
        pad_token_id=0,
        eos_token_id=None,
    )
    assert told[0, 60:].tolist() == expected
    assert cache.length == 71  # all but the last id, which nothing followed


@torch.inference_mode()
def test_we_go_on_from_the_librarys_cache(pair):
    model, library = pair
    ids = some_ids(model, 140)
    whole = library(ids[None]).logits[0]
    theirs = DynamicCache()
    library(ids[None, :100], past_key_values=theirs)
    cache = from_transformers(model.config, theirs)
    assert cache.length == 100
    found = model.logits_of_all(model.embed(ids[100:]), cache)
    torch.testing.assert_close(found, whole[100:], **NEAR)
    assert theirs.get_seq_length() == 100  # a copy
    told = library.generate(
        ids[None, :101],
        attention_mask=torch.ones(1, 101, dtype=torch.long),
        past_key_values=theirs,
        max_new_tokens=10,
        do_sample=False,
        pad_token_id=0,
        eos_token_id=None,
    )
    cache.rewind(100)
    logits = model.decode_step(int(ids[100]), cache)
    assert told[0, 101:].tolist() == greedy(model, logits, cache, 10)


@torch.inference_mode()
def test_a_copy_of_ours_is_the_librarys_own_kind_and_its_own(pair):
    model, library = pair
    ids = some_ids(model, 50)
    cache = model.new_cache()
    model.extend(model.embed(ids[:40]), cache)
    theirs = to_transformers(cache)
    assert type(theirs) is DynamicCache
    found = library(ids[None, 40:], past_key_values=theirs).logits[0]
    torch.testing.assert_close(found, library(ids[None]).logits[0, 40:], **NEAR)
    assert cache.length == 40
    again = from_transformers(model.config, theirs)
    model.extend(model.embed(ids[40:]), cache)
    for mine, back in zip(cache.filled(), again.filled(), strict=True):
        torch.testing.assert_close(mine, back, **NEAR)
    forked = from_transformers(model.config, TransformersCache(cache))
    cache.rewind(0)
    assert forked.length == 50


@torch.inference_mode()
def test_cropping_and_resetting_is_rewinding(pair):
    model, _ = pair
    cache = model.new_cache()
    model.extend(model.embed(some_ids(model, 30)), cache)
    theirs = TransformersCache(cache)
    theirs.crop(-12)
    assert cache.length == theirs.get_seq_length() == 18
    with pytest.raises(CacheError, match="below 0"):
        theirs.crop(5)
    theirs.reset()
    assert cache.length == 0


@torch.inference_mode()
def test_batches_and_other_models_caches_are_refused(pair):
    model, library = pair
    ids = some_ids(model, 8)
    theirs = TransformersCache(model.new_cache())
    with pytest.raises(CacheError, match="batch of 2"):
        library(ids.expand(2, -1), past_key_values=theirs)
    two = DynamicCache()
    library(ids.expand(2, -1), past_key_values=two)
    with pytest.raises(CacheError, match=r"\(2, "):
        from_transformers(model.config, two)
    one = DynamicCache()
    library(ids[None], past_key_values=one)
    with pytest.raises(CacheError, match="3 layers, not 2"):
        from_transformers(model.config.with_layers(2), one)
