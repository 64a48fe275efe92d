from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from streamvid.model.nano.retrieval_head import EMBEDDING_WIDTH, POOLED_WIDTH
from streamvid.training.retrieval import RetrievalSettings, cross_fitted, recall_at, train_head

SETTINGS = RetrievalSettings(epochs=40, batch=20, dropout=0.1, hidden=32, soften=0.1)


@pytest.fixture(scope="module")
def world():
    """40 pictures whose features say, with noise, what their captions say."""
    generator = torch.Generator().manual_seed(0)
    meaning = F.normalize(torch.randn(40, EMBEDDING_WIDTH, generator=generator), dim=-1)
    seen = meaning @ torch.randn(EMBEDDING_WIDTH, POOLED_WIDTH, generator=generator)
    noise = torch.randn(40, 2, POOLED_WIDTH, generator=generator)
    pooled = (seen[:, None] + 0.2 * noise).half()
    captions = [
        F.normalize(m + 0.02 * torch.randn(3, EMBEDDING_WIDTH, generator=generator), dim=-1)
        for m in meaning
    ]
    return pooled, captions


def test_a_head_learns_to_find_pictures_by_their_captions(world):
    pooled, captions = world
    head = train_head(pooled, captions, list(range(40)), settings=SETTINGS, seed=0)
    with torch.inference_mode():
        embeddings = head(pooled[:, 0].float())
    assert torch.allclose(embeddings.norm(dim=-1), torch.ones(40), atol=1e-5)
    recalls = recall_at(embeddings, captions)
    assert recalls[1] > 0.9
    assert recalls[1] <= recalls[5] <= recalls[10]


def test_the_same_seed_trains_the_same_head(world):
    pooled, captions = world
    settings = RetrievalSettings(epochs=2, batch=16, hidden=16)
    one, two = (
        train_head(pooled, captions, list(range(20)), settings=settings, seed=4) for _ in range(2)
    )
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_cross_fitted_embeddings_come_from_heads_that_did_not_see_the_picture(world):
    pooled, captions = world
    chosen = list(range(40))
    fitted = cross_fitted(pooled, captions, chosen, settings=SETTINGS, seed=0, folds=2)
    assert fitted.shape == (40, 2, EMBEDDING_WIDTH)
    own = train_head(pooled, captions, chosen, settings=SETTINGS, seed=0)
    text = torch.stack([group[0] for group in captions])
    with torch.inference_mode():
        seen = (own(pooled[:, 0].float()) * text).sum(-1).mean()
    unseen = (fitted[:, 0] * text).sum(-1).mean()
    # Strangers score lower than acquaintances: the very reason for fitting across.
    assert unseen < seen


def test_recall_counts_captions_whose_picture_comes_early_enough():
    pictures = torch.eye(4)
    captions = [torch.eye(4)[[0]], torch.eye(4)[[1, 2]], torch.eye(4)[[2]], torch.eye(4)[[0]]]
    assert recall_at(pictures, captions, ranks=(1, 4)) == {1: pytest.approx(3 / 5), 4: 1.0}
