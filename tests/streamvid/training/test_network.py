from __future__ import annotations

import random
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from streamvid.model.nano.frames import squares
from streamvid.model.nano.prompt import Prompt
from streamvid.model.nano.tower import PatchFeatures
from streamvid.training.layers import run_layer
from streamvid.training.rows import Frame, Row, batch_rows
from streamvid.training.turns import Turn

WORDS = ["Is there a dog?", "What colour is the ball?", "Describe it.", "Who came first?"]


@pytest.fixture(scope="module")
def prompt(small_language_folder):
    return Prompt(small_language_folder)


@pytest.fixture(scope="module")
def seen(tower, small_network, pictures):
    with torch.inference_mode():
        features = tower(squares(pictures))
        return features, small_network.vision.embed(features)


def inputs(seen, batch):
    features, embeddings = seen
    own = [frame.picture for frame in batch.frames]
    picked = PatchFeatures(features.deep[own], features.shallow[own], features.colour[own])
    return picked, embeddings[own]


@st.composite
def row(draw):
    rng = random.Random(draw(st.integers(0, 999)))
    frames = tuple(Frame(rng.randrange(4), 0) for _ in range(draw(st.integers(1, 3))))
    order = tuple(rng.randrange(len(frames)) for _ in range(draw(st.integers(1, 7))))
    weights = tuple(rng.uniform(0.5, 3) for _ in frames)
    count = draw(st.integers(1, 3))
    turns = tuple(
        Turn(rng.choice(WORDS), rng.choice(["Yes.", "A red ball.", "No."]), "what")
        for _ in range(count)
    )
    return Row(frames, order, weights, tuple(reversed(weights)), turns)


@given(rows=st.lists(row(), min_size=1, max_size=3))
@settings(deadline=None, max_examples=6)
def test_a_turn_in_a_packed_batch_is_computed_as_alone(small_network, prompt, seen, rows):
    with torch.inference_mode():
        batch = batch_rows(rows, prompt)
        packed = small_network(batch, *inputs(seen, batch))
        start = 0
        for one in rows:
            for turn in one.turns:
                alone = batch_rows(
                    [Row(one.frames, one.order, one.prefix_weights, one.question_weights, (turn,))],
                    prompt,
                )
                logits = small_network(alone, *inputs(seen, alone))
                assert torch.allclose(packed[start : start + len(logits)], logits, atol=1e-3)
                start += len(logits)
        assert start == len(packed)


def test_a_turn_depends_on_its_pictures(small_network, prompt, seen):
    def logits(picture):
        turn = Turn(WORDS[0], "Yes.", "yesno")
        batch = batch_rows([Row((Frame(picture, 0),), (0,), (1.0,), (1.0,), (turn,))], prompt)
        with torch.inference_mode():
            return small_network(batch, *inputs(seen, batch))

    assert (logits(0) - logits(1)).abs().max() > 0.05


def test_targets_are_the_answers_and_their_end(prompt):
    turns = (Turn("Is it?", "Yes.", "yesno"), Turn("What?", "A red ball.", "what"))
    batch = batch_rows([Row((Frame(0, 0),), (0, 0), (1.0,), (1.0,), turns)], prompt)
    expected = [*prompt.answer("Yes."), *prompt.answer("A red ball.")]
    assert batch.targets[batch.targets >= 0].tolist() == expected
    assert batch.turns == 2
    # The place before each answer token predicts it.
    place = int((batch.targets[0] >= 0).nonzero()[0])
    assert int(batch.ids[0, place]) == prompt.question("Is it?")[-1]


def test_a_turns_weight_scales_its_share_of_the_loss(prompt):
    plain = Turn("Is there a dog?", "Yes.", "yesno")
    rows = [
        Row((Frame(0, 0),), (0,), (1.0,), (1.0,), (turn,))
        for turn in (plain, replace(plain, weight=2.0))
    ]
    weights = batch_rows(rows, prompt).target_weights
    assert weights[0].sum() > 0
    assert torch.equal(weights[1], 2 * weights[0])


def test_our_layer_computes_what_transformers_does(small_network):
    language = small_network.language
    x = torch.randn(2, 9, 64)
    positions = torch.arange(9).expand(2, -1)
    cosine, sine = language.model.rotary_emb(x, positions)
    mask = torch.zeros(2, 1, 9, 9).masked_fill(~torch.ones(9, 9, dtype=torch.bool).tril(), -1e9)
    with torch.inference_mode():
        for layer in language.model.layers[:2]:
            theirs = layer(
                x,
                attention_mask=mask,
                position_ids=positions,
                position_embeddings=(cosine, sine),
                use_cache=False,
            )
            ours = run_layer(layer, x, mask, cosine, sine)
            assert torch.allclose(ours, theirs, atol=1e-4)
            x = theirs
