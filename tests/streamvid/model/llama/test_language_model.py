from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamvid.model.errors import ContextFullError
from streamvid.model.llama import LanguageModel, LlamaConfig, Precision
from streamvid.model.llama.linear import kernels_here

LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
# The model fixture is never changed by a test: caches are made anew in each.
one_model = settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"tie_word_embeddings": False},
        {"num_key_value_heads": 6},
        {"num_key_value_heads": 1},
        {"rope_theta": 500_000.0, "rope_scaling": LLAMA3},
        {"head_dim": 8, "rms_norm_eps": 1e-3},
    ],
    ids=["gqa", "untied", "every-head", "one-head", "llama3-rope", "narrow-heads"],
)
@torch.inference_mode()
def test_logits_and_greedy_ids_are_those_of_the_library(
    fields, library_model, make_tensors, change
):
    fields |= change
    config = LlamaConfig.from_json(fields)
    tensors = make_tensors(config)
    library = library_model(fields, tensors)
    model = LanguageModel.from_tensors(config, tensors, Precision())
    ids = torch.randint(0, config.vocab_size, (150,))

    expected = library(ids[None]).logits[0]
    found = model.logits_of_all(model.embed(ids), model.new_cache())
    torch.testing.assert_close(found, expected, atol=2e-4, rtol=1e-4)

    told = library.generate(
        ids[None],
        attention_mask=torch.ones(1, 150, dtype=torch.long),
        max_new_tokens=24,
        do_sample=False,
        pad_token_id=0,
        eos_token_id=None,
    )
    cache = model.new_cache()
    logits = model.prefill(model.embed(ids), cache)
    greedy = []
    for _ in range(24):
        greedy.append(int(logits.argmax()))
        logits = model.decode_step(greedy[-1], cache)
    assert greedy == told[0, 150:].tolist()


@one_model
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(1, 50))
def test_prefill_in_any_chunks_equals_the_whole(model, lengths, chunk_tokens):
    embeddings = torch.randn(sum(lengths), 48)
    whole_cache, cache = model.new_cache(), model.new_cache()
    whole = model.prefill(embeddings, whole_cache, chunk_tokens=1000)
    *parts, last = embeddings.split(lengths)
    for part in parts:
        model.extend(part, cache, chunk_tokens=chunk_tokens)
    found = model.prefill(last, cache, chunk_tokens=chunk_tokens)
    assert cache.length == sum(lengths)
    torch.testing.assert_close(found, whole, atol=2e-4, rtol=1e-4)


@one_model
@given(st.lists(st.integers(0, 96), min_size=1, max_size=40))
def test_decoding_step_by_step_equals_the_whole(model, ids):
    expected = model.logits_of_all(model.embed(ids), model.new_cache())
    cache = model.new_cache()
    found = torch.stack([model.decode_step(token_id, cache) for token_id in ids])
    torch.testing.assert_close(found, expected, atol=2e-4, rtol=1e-4)


@one_model
@given(st.integers(1, 30), st.integers(1, 30))
def test_after_a_rewind_it_is_as_if_nothing_had_followed(model, first, second):
    ids = torch.randint(0, 97, (first + second,))
    cache = model.new_cache()
    model.extend(model.embed(ids[:first]), cache)
    expected = model.decode_step(5, cache)
    model.extend(model.embed(ids[first:]), cache)
    cache.rewind(first)
    assert torch.equal(model.decode_step(5, cache), expected)


def test_a_fork_goes_its_own_way(model):
    cache = model.new_cache()
    model.extend(model.embed(range(10)), cache)
    other = cache.fork()
    found = [model.decode_step(token_id, other) for token_id in (1, 2)]
    alone = model.new_cache()
    model.extend(model.embed(range(10)), alone)
    model.decode_step(90, cache)
    expected = [model.decode_step(token_id, alone) for token_id in (1, 2)]
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize("decode", [kernel for kernel in kernels_here() if kernel != "fp32"])
@pytest.mark.parametrize("prefill", [kernel for kernel in kernels_here() if kernel != "int8"])
def test_rounded_weights_stay_near_the_full_ones(config, tensors, model, prefill, decode):
    rounded = LanguageModel.from_tensors(config, tensors, Precision(prefill, decode))
    ids = torch.randint(0, 97, (60,))
    expected = model.logits_of_all(model.embed(ids), model.new_cache())
    cache = rounded.new_cache()
    logits = [rounded.prefill(rounded.embed(ids[:30]), cache)]
    logits += [rounded.decode_step(int(token_id), cache) for token_id in ids[30:]]
    found, expected = torch.stack(logits), expected[29:]
    assert torch.cosine_similarity(found, expected).min() > 0.99


def test_a_full_context_is_refused_with_nothing_appended(model):
    cache = model.new_cache()
    model.extend(torch.randn(510, 48), cache)
    for too_much in (model.extend, model.prefill, model.logits_of_all):
        with pytest.raises(ContextFullError, match="510 \\+ 3"):
            too_much(torch.randn(3, 48), cache)
    model.extend(torch.randn(2, 48), cache)
    with pytest.raises(ContextFullError, match="512"):
        model.decode_step(0, cache)
    assert cache.length == 512


def test_embeddings_of_any_float_type_are_taken(model):
    embeddings = torch.randn(7, 48).half()
    wide = model.prefill(embeddings.float(), model.new_cache())
    assert torch.equal(model.prefill(embeddings, model.new_cache()), wide)


def test_a_tied_head_is_not_held_twice(config, make_tensors):
    sizes = []
    for tied in (True, False):
        fields = {name: getattr(config, name) for name in config.__slots__}
        changed = LlamaConfig(**{**fields, "tie_word_embeddings": tied})
        model = LanguageModel.from_tensors(changed, make_tensors(changed), Precision())
        sizes.append(model.nbytes)
    assert sizes[1] - sizes[0] == 97 * 48 * 4


def test_weights_are_not_changed_by_use(config, tensors, model):
    kept = {name: tensor.clone() for name, tensor in tensors.items()}
    cache = model.new_cache()
    model.prefill(model.embed([1, 2, 3]), cache)
    for _, token_id in zip(range(3), itertools.count(), strict=False):
        model.decode_step(token_id, cache)
    assert all(torch.equal(tensors[name], kept[name]) for name in kept)


@pytest.mark.parametrize("tied", [True, False])
def test_no_tensor_of_the_caller_is_held_on_to(config, make_tensors, tied):
    fields = {name: getattr(config, name) for name in config.__slots__}
    changed = LlamaConfig(**{**fields, "tie_word_embeddings": tied})
    tensors = make_tensors(changed)
    model = LanguageModel.from_tensors(changed, tensors, Precision())
    before = model.logits_of_all(model.embed([1, 2, 3]), model.new_cache())
    for tensor in tensors.values():
        tensor.zero_()
    assert torch.equal(model.logits_of_all(model.embed([1, 2, 3]), model.new_cache()), before)
