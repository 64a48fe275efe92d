"""What streaming rests on: a frame by itself, sums of frames, states and contexts that are kept.

Each identity is held to the reference's own way of one whole prompt, on every golden checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pytest
import torch
from torch import Tensor

from streamvid.model.llava_mini.loading import load_llava_mini
from streamvid.model.llava_mini.model import LlavaMiniModel
from streamvid.model.llava_mini.reference_inputs import reference_inputs
from streamvid.model.seam import Finished, FloatArray, FusedSum, Picture, Sampling
from tests.streamvid.model.llava_mini import golden

NAMES = golden.model_names() or [None]
FRAMES = 6
FIRST, SECOND = "What is shown?", "How many people are there, and what do they do!"
AS_LONG = "is What shown?"
SAME = 3e-5
"""Of values about 7, float32: other batches and sums in another order."""
STORED = 4e-3
"""Tokens cross the seam as float16."""

pytestmark = pytest.mark.parametrize("name", NAMES)


@lru_cache(maxsize=1)
def loaded(name: str | None) -> LlavaMiniModel:
    if name is None:
        pytest.skip(f"{golden.VARIABLE} names no golden models")
    golden.model(name)  # skips where its tower is missing
    return load_llava_mini(golden.folder() / "models" / name, precision="fp32")


def stills(count: int = FRAMES) -> list[Picture]:
    random = np.random.default_rng(7)
    return [random.integers(0, 256, (60 + k, 90, 3), dtype=np.uint8) for k in range(count)]


def reference(model: LlavaMiniModel, question: str, pictures: Sequence[Picture]) -> Tensor:
    """The language model's inputs as the reference makes them, [S, d]."""
    pixels = model._parts.frames.pixels(pictures)
    ids = model._parts.prompt.reference_ids([f"<image>\n{question}"])
    return reference_inputs(model._core, ids, pixels).embeddings


def same(one: FloatArray | Tensor, other: FloatArray | Tensor, tolerance: float = SAME) -> None:
    assert golden.worst(torch.as_tensor(one), torch.as_tensor(other)) <= tolerance


def test_frames_are_encoded_without_a_question_one_by_one_or_together(name) -> None:
    model, pictures = loaded(name), stills()
    together = model.encode(pictures)
    for number, picture in enumerate(pictures):
        alone = model.encode([picture])
        same(alone.tokens[0].astype(np.float32), together.tokens[number].astype(np.float32), STORED)
        same(alone.embeddings[0], together.embeddings[number])
        same(alone.fused_prefix[0], together.fused_prefix[number])
    size, head = model.spec.tokens_per_frame, model.spec.prefix_head_tokens
    whole = reference(model, FIRST, pictures)[head : head + FRAMES * size]
    tokens = together.tokens.astype(np.float32).reshape(FRAMES * size, -1)
    same(tokens, whole, STORED)


def test_a_frames_tokens_are_the_same_under_every_question(name) -> None:
    model, pictures = loaded(name), stills()
    head = model.spec.prefix_head_tokens
    stop = head + FRAMES * model.spec.tokens_per_frame
    assert model.count_tokens(FIRST) == model.count_tokens(AS_LONG)
    one, other, longer = (
        reference(model, question, pictures)[:stop] for question in (FIRST, AS_LONG, SECOND)
    )
    assert torch.equal(one, other)  # the prefix's head too: nothing looks ahead
    same(one, longer)  # some processors sum in another order for another length


@pytest.mark.parametrize("cut", [(0, FRAMES), (0, 2), (2, 5)])
def test_a_ranges_prefix_is_the_mean_of_its_blocks_sums(name, cut: tuple[int, int]) -> None:
    model, pictures = loaded(name), stills()
    fused = model.encode(pictures).fused_prefix  # [B, P, d]
    start, stop = cut
    middle = (start + stop) // 2
    blocks = [fused[start:middle].sum(0), fused[middle:stop].sum(0)]
    mean = np.sum(blocks, axis=0) / (stop - start)
    head = model.spec.prefix_head_tokens
    whole = reference(model, SECOND, pictures[start:stop])
    same(mean[:head], whole[:head])
    after = head + (stop - start) * model.spec.tokens_per_frame
    same(mean[head:], whole[after : after + model.spec.prefix_tail_tokens])


def test_a_question_fuses_from_stills_from_states_and_in_parts_alike(name) -> None:
    model, pictures = loaded(name), stills()
    ones = [1.0] * FRAMES
    whole = reference(model, SECOND, pictures)[-model.count_tokens(SECOND) :]
    states = model.states(pictures)
    same(model.fuse(SECOND, pictures, ones).mean(), whole)
    same(model.fuse(SECOND, states, ones).mean(), whole)
    parts: list[FusedSum] = [
        model.fuse(SECOND, pictures[:2], ones[:2]),
        model.fuse(SECOND, model.states(pictures[2:]), ones[2:]),
    ]
    same((parts[0] + parts[1]).mean(), whole)
    assert states.nbytes == FRAMES * model.spec.state_bytes


def test_a_weight_of_two_is_a_frame_twice(name) -> None:
    model, pictures = loaded(name), stills(3)
    weighted = model.fuse(FIRST, pictures, [1.0, 2.0, 1.0]).mean()
    twice = [pictures[0], pictures[1], pictures[1], pictures[2]]
    same(weighted, model.fuse(FIRST, twice, [1.0] * 4).mean())
    same(weighted, reference(model, FIRST, twice)[-model.count_tokens(FIRST) :])


def test_a_context_serves_one_question_after_the_other(name) -> None:
    """Kept, rewound, forked and extended by frames in chunks: always the whole prompt's answer."""
    model, pictures = loaded(name), stills()
    encoded = model.encode(pictures)
    size, head = model.spec.tokens_per_frame, model.spec.prefix_head_tokens
    mean = encoded.fused_prefix.mean(0)
    tokens = encoded.tokens.astype(np.float32).reshape(FRAMES * size, -1)
    context = model.context(mean[:head])
    context.extend(tokens[: 2 * size])
    context.extend(tokens[2 * size :])
    view = context.length
    assert view == head + FRAMES * size
    states = model.states(pictures)
    forked = context.fork()

    def asked(question: str) -> FloatArray:
        fused = model.fuse(question, states, [1.0] * FRAMES).mean()
        return np.concatenate([mean[head:], fused])

    for question in (FIRST, SECOND, FIRST):
        prompt = asked(question)
        whole = torch.from_numpy(np.concatenate([mean[:head], tokens, prompt]))
        expected = golden.greedy_ids(model._core, whole, set(model._end_ids), 8)
        for kept in (context, forked):
            said = list(model.generate(kept, prompt, Sampling(max_new_tokens=8)))
            assert "".join(s for s in said if isinstance(s, str)) == text_of(model, expected)
            assert isinstance(said[-1], Finished)
            kept.rewind(view)


def text_of(model: LlavaMiniModel, ids: list[int]) -> str:
    ended = [i for i in ids if i not in model._end_ids]
    return model._parts.prompt.decode(ended)


def test_full_fusion_through_the_seam_is_the_references_input(name) -> None:
    model, pictures = loaded(name), stills()
    encoded = model.encode(pictures)
    head = model.spec.prefix_head_tokens
    mean = encoded.fused_prefix.mean(0)
    tokens = encoded.tokens.astype(np.float32).reshape(-1, model.spec.width)
    fused = model.fuse(SECOND, pictures, [1.0] * FRAMES).mean()
    mine = np.concatenate([mean[:head], tokens, mean[head:], fused])
    whole = reference(model, SECOND, pictures)
    same(mine, whole, STORED)
    text = [*range(head), *range(head + len(tokens), len(mine))]
    same(mine[text], whole[text])
