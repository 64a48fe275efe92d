from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from streamvid.model.llama.sampling import pick_token, seeded
from streamvid.model.seam import Sampling

LOGITS = st.lists(st.floats(-8, 8, width=32), min_size=2, max_size=12).map(torch.tensor)


@given(LOGITS)
def test_temperature_zero_takes_the_likeliest(logits):
    picked = pick_token(logits, Sampling(), seeded(Sampling()))
    assert logits[picked] == logits.max()


@given(LOGITS, st.floats(0.05, 1.0), st.floats(0.2, 2.0), st.integers(0, 9))
def test_only_the_nucleus_is_drawn_from(logits, top_p, temperature, seed):
    sampling = Sampling(temperature=temperature, top_p=top_p, seed=seed)
    picked = pick_token(logits, sampling, seeded(sampling))
    chances = torch.softmax(logits / temperature, -1)
    # What is likelier than the picked one must not have reached top_p by itself.
    assert chances[chances > chances[picked]].sum() < top_p + 1e-5


@given(LOGITS, st.integers(0, 9))
def test_a_seed_repeats_its_choices(logits, seed):
    sampling = Sampling(temperature=1.0, top_p=0.9, seed=seed)
    first, second = seeded(sampling), seeded(sampling)
    for _ in range(5):
        assert pick_token(logits, sampling, first) == pick_token(logits, sampling, second)


def test_draws_follow_the_probabilities():
    logits = torch.tensor([0.7, 0.2, 0.1]).log()
    sampling = Sampling(temperature=1.0)
    random = seeded(sampling)
    counts = torch.zeros(3)
    for _ in range(2000):
        counts[pick_token(logits, sampling, random)] += 1
    torch.testing.assert_close(counts / 2000, torch.tensor([0.7, 0.2, 0.1]), atol=0.04, rtol=0)
