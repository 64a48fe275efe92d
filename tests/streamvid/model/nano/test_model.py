"""Nano at tiny size, with the real tower: the seam's promises, and parity with training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from streamvid.model.errors import ContextFullError, ModelError
from streamvid.model.llama.precision import named_precision
from streamvid.model.nano.frames import squares
from streamvid.model.nano.loading import load_nano
from streamvid.model.nano.merged import load_merged
from streamvid.model.nano.prompt import Prompt
from streamvid.model.nano.trained import load_vision
from streamvid.model.seam import Finished, Sampling
from streamvid.training.rows import Frame, Row, batch_rows
from streamvid.training.turns import Turn

QUESTION = "Is there a dog in the video?"


@pytest.fixture(scope="module")
def nano(small_weights, small_language_folder, nano_cache):
    return load_nano(
        cache=nano_cache,
        weights=small_weights,
        language_folder=small_language_folder,
        precision="fp32",
    )


def test_encoding_keeps_one_token_an_embedding_and_a_prefix_per_frame(nano, pictures):
    encoded, spec = nano.encode(pictures), nano.spec
    assert encoded.tokens.shape == (4, spec.tokens_per_frame, spec.width)
    assert encoded.tokens.dtype == np.float16
    assert encoded.embeddings.shape == (4, spec.embedding_width)
    assert np.linalg.norm(encoded.embeddings, axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    assert encoded.fused_prefix.shape == (4, spec.prefix_tokens, spec.width)


def test_a_frame_is_encoded_alike_in_any_company(nano, pictures):
    together = nano.encode(pictures)
    for number, picture in enumerate(pictures):
        alone = nano.encode([picture])
        assert np.allclose(alone.tokens, together.tokens[number], atol=2e-3)
        assert np.allclose(alone.fused_prefix, together.fused_prefix[number], atol=1e-4)


def test_pictures_that_may_not_be_written_are_encoded_alike(nano, pictures):
    frozen = pictures[0].copy()
    frozen.setflags(write=False)
    assert np.array_equal(nano.encode([frozen]).tokens, nano.encode(pictures[:1]).tokens)


def test_the_prefix_fuses_without_knowing_the_question(nano, pictures):
    # I2: fused behind a question, the prefix's places must come out as encode gave them.
    parts = nano._parts
    seen = parts.side.frames.encode(pictures)
    ids = [*parts.prompt.head, *parts.prompt.tail, *parts.prompt.question(QUESTION)]
    plain = parts.language.embed(ids).expand(len(pictures), -1, -1)
    hidden = parts.side.prefusion.run_frames(torch.cat((seen.grid, seen.token, plain), dim=1))
    fused = parts.text_gate(plain, hidden[:, -len(ids) :])
    prefix = fused[:, : nano.spec.prefix_tokens].numpy()
    assert np.allclose(prefix, nano.encode(pictures).fused_prefix, atol=1e-4)
    question = nano.fuse(QUESTION, pictures, [1.0] * 4).total
    assert np.allclose(question, fused[:, nano.spec.prefix_tokens :].sum(0).numpy(), atol=1e-3)


def test_sums_of_two_halves_make_the_mean_of_the_whole(nano, pictures):
    whole = nano.fuse(QUESTION, pictures, [1.0, 2.0, 1.0, 0.5])
    halves = nano.fuse(QUESTION, pictures[:2], [1.0, 2.0]) + nano.fuse(
        QUESTION, pictures[2:], [1.0, 0.5]
    )
    assert halves.weight == whole.weight == 4.5
    assert np.allclose(halves.mean(), whole.mean(), atol=1e-4)


def test_kept_states_fuse_as_stills_do(nano, pictures):
    states = nano.states(pictures)
    assert states.frames == 4
    assert states.nbytes == 4 * nano.spec.state_bytes
    from_states = nano.fuse(QUESTION, states, [1.0] * 4)
    assert np.allclose(from_states.total, nano.fuse(QUESTION, pictures, [1.0] * 4).total, atol=1e-4)
    states.close()
    with pytest.raises(ModelError, match="closed"):
        nano.fuse(QUESTION, states, [1.0] * 4)


def test_the_running_model_computes_what_was_trained(
    nano, pictures, small_network, small_weights, small_language_folder, nano_cache, tower
):
    # The network takes the weights as shipped, so that rounding stands on both sides.
    language, prefusion = load_merged(small_language_folder, small_weights, nano_cache)
    shipped = load_vision(small_weights)
    shipped |= {name.removeprefix("model."): t.float() for name, t in prefusion.items()}
    shipped |= {f"language.{name}": tensor.float() for name, tensor in language.items()}
    assert not small_network.load_state_dict(shipped, strict=False).unexpected_keys
    order, weights = (0, 0, 1, 2, 3, 3), (2.0, 1.0, 1.0, 2.0)
    row = Row(
        frames=tuple(Frame(number, 0) for number in range(4)),
        order=order,
        prefix_weights=weights,
        question_weights=(1.0,) * 4,
        turns=(Turn(QUESTION, "Yes.", "yesno"),),
    )
    with torch.inference_mode():
        features = tower(squares(pictures))
        batch = batch_rows([row], Prompt(small_language_folder))
        expected = small_network(batch, features, small_network.vision.embed(features))[0]
    encoded, head = nano.encode(pictures), nano.spec.prefix_head_tokens
    mean = np.tensordot(np.array(weights, np.float32) / 6, encoded.fused_prefix, 1)
    context = nano.context(mean[:head])
    context.extend(encoded.tokens[list(order), 0])
    prompt = np.concatenate([mean[head:], nano.fuse(QUESTION, pictures, [1.0] * 4).mean()])
    logits = nano._parts.language.prefill(torch.from_numpy(prompt), context.cache)
    # Tokens are kept in float16, which the network does not do.
    assert torch.allclose(logits, expected, atol=0.02)
    assert expected.abs().max() > 1


def test_a_context_forks_rewinds_and_answers_alike_each_time(nano, pictures):
    encoded, head = nano.encode(pictures), nano.spec.prefix_head_tokens
    mean = encoded.fused_prefix.mean(0)
    context = nano.context(mean[:head])
    context.extend(encoded.tokens[:, 0])
    viewed = context.length
    assert viewed == head + 4
    other = context.fork()
    prompt = np.concatenate([mean[head:], nano.fuse(QUESTION, pictures, [1.0] * 4).mean()])
    first = list(nano.generate(context, prompt, Sampling(max_new_tokens=6)))
    assert isinstance(first[-1], Finished)
    assert context.length > viewed
    context.rewind(viewed)
    again = list(nano.generate(context, prompt, Sampling(max_new_tokens=6)))
    forked = list(nano.generate(other, prompt, Sampling(max_new_tokens=6)))
    assert first[:-1] == again[:-1] == forked[:-1]


def test_a_context_is_opened_with_the_first_rows_behind_or_alone(nano, pictures):
    encoded, head = nano.encode(pictures), nano.spec.prefix_head_tokens
    mean, language = encoded.fused_prefix.mean(0), nano._parts.language
    rows = np.concatenate([mean[:head], encoded.tokens[:, 0]])
    question = torch.from_numpy(mean[head:])
    for count in (head, len(rows)):
        apart = language.new_cache()
        for row in rows[:count]:
            language.extend(torch.from_numpy(row[None]), apart)
        context = nano.context(rows[:head])
        assert context.length == head
        context.extend(rows[head:count])
        assert context.length == count
        copy = context.fork()
        expected = language.prefill(question, apart)
        for opened in (context, copy):
            assert opened.cache.length == count
            found = language.prefill(question, opened.cache)
            assert torch.allclose(found, expected, atol=1e-3)


def test_what_does_not_fit_leaves_a_context_as_it_was(nano):
    head = np.zeros((3, nano.spec.width), np.float32)
    context = nano.context(head)
    too_many = nano._parts.language.config.max_position_embeddings - 2
    with pytest.raises(ContextFullError):
        context.extend(np.zeros((too_many, nano.spec.width), np.float32))
    assert context.length == 3
    assert context.cache.length == 3


def test_an_answer_said_again_is_what_decoding_left_behind(nano, pictures):
    text = " A dog, or <|im_end|> so."  # an answer may spell a marker: it stays text
    encoded, head = nano.encode(pictures), nano.spec.prefix_head_tokens
    mean, language = encoded.fused_prefix.mean(0), nano._parts.language
    prompt = np.concatenate([mean[head:], nano.fuse(QUESTION, pictures, [1.0] * 4).mean()])
    further = torch.from_numpy(nano.fuse("And a cat?", pictures, [1.0] * 4, follows=True).mean())
    decoded, again = nano.context(mean[:head]), nano.context(mean[:head])
    for context in (decoded, again):
        context.extend(encoded.tokens[:, 0])
        context.extend(prompt)
    for token_id in nano._parts.prompt.answer(text)[:-1]:
        language.decode_step(token_id, decoded.cache)
    answer = nano.answer_embeddings(text)
    again.extend(answer)
    assert answer.dtype == np.float32
    assert again.length == decoded.length
    expected = language.prefill(further, decoded.cache)
    assert torch.allclose(language.prefill(further, again.cache), expected, atol=1e-4)
    assert nano.answer_embeddings("").shape == (0, nano.spec.width)


def test_a_further_question_is_a_first_one_behind_an_opening(nano, pictures):
    prompt = nano._parts.prompt
    first, further = prompt.question(QUESTION), prompt.question(QUESTION, follows=True)
    opening = nano.count_tokens(QUESTION, follows=True) - nano.count_tokens(QUESTION)
    assert further[opening:] == first
    assert further[0] == prompt.end
    assert further[2:opening] == prompt.head[: opening - 2]  # as the dialogue begins


def test_phrases_and_pictures_share_a_space(nano, pictures):
    phrase, picture = nano.embed_text("a dog on the grass"), nano.embed_image(pictures[0])
    assert phrase.shape == picture.shape == (nano.spec.embedding_width,)
    assert np.linalg.norm(phrase) == pytest.approx(1, abs=1e-5)
    assert np.allclose(picture, nano.encode(pictures[:1]).embeddings[0], atol=1e-5)


def test_the_fingerprint_follows_what_a_memory_holds(
    nano, small_weights, small_language_folder, nano_cache
):
    def loaded(precision):
        return load_nano(
            cache=nano_cache,
            weights=small_weights,
            language_folder=small_language_folder,
            precision=precision,
        )

    assert loaded("fp32").fingerprint == nano.fingerprint
    assert named_precision("bf16").name != "fp32"
    assert loaded("bf16").fingerprint != nano.fingerprint


def test_it_follows_a_memory_made_in_another_precision(
    nano, pictures, small_weights, small_language_folder, nano_cache
):
    def same(left, right):
        return all(
            np.array_equal(getattr(left, name), getattr(right, name))
            for name in ("tokens", "embeddings", "fused_prefix")
        )

    elsewhere = load_nano(
        cache=nano_cache,
        weights=small_weights,
        language_folder=small_language_folder,
        precision="bf16",
    )
    own, theirs = nano.encode(pictures), elsewhere.encode(pictures)
    question = elsewhere.fuse(QUESTION, pictures, [1.0] * 4).total
    fingerprint, spec = nano.fingerprint, nano.spec
    assert not same(own, theirs)
    assert not nano.adopt("somebody else's")
    assert nano.fingerprint == fingerprint
    assert nano.adopt(elsewhere.fingerprint)
    assert nano.fingerprint == elsewhere.fingerprint
    assert nano.spec == replace(spec, state_bytes=elsewhere.spec.state_bytes)
    assert nano.spec.state_bytes < spec.state_bytes
    assert nano.states(pictures).nbytes == 4 * nano.spec.state_bytes
    assert same(nano.encode(pictures), theirs)
    assert np.array_equal(nano.fuse(QUESTION, pictures, [1.0] * 4).total, question)
    assert nano.adopt(fingerprint)
    assert (nano.fingerprint, nano.spec) == (fingerprint, spec)
    assert same(nano.encode(pictures), own)


def test_weights_and_stills_must_match(nano, pictures):
    with pytest.raises(ValueError, match="4 frames but 1 weights"):
        nano.fuse(QUESTION, pictures, [1.0])
    with pytest.raises(ValueError, match="no stills"):
        nano.encode([])
