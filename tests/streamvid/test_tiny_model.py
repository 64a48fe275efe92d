"""The tests' model keeps the four identities that streaming rests on, so what passes with it means
something."""

from __future__ import annotations

import numpy as np
import pytest

from streamvid.model.seam import Sampling
from tests.streamvid.tiny_model import HEAD, TAIL, TinyModel


@pytest.fixture
def stills() -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [rng.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in range(5)]


def test_a_frame_depends_on_itself_alone(stills: list[np.ndarray]) -> None:
    model = TinyModel()
    together, alone = model.encode(stills), [model.encode([still]) for still in stills]
    for i, one in enumerate(alone):
        np.testing.assert_array_equal(together.tokens[i], one.tokens[0])
        np.testing.assert_allclose(together.fused_prefix[i], one.fused_prefix[0], atol=1e-6)
        np.testing.assert_allclose(np.linalg.norm(one.embeddings), 1, atol=1e-6)


def test_the_prefix_does_not_depend_on_the_question(stills: list[np.ndarray]) -> None:
    model = TinyModel()
    rows = model._frame(stills[0])[0]
    whole = model._fuse(rows, model._text(HEAD + TAIL + b"is it red?"))
    np.testing.assert_allclose(
        whole[: len(HEAD + TAIL)], model.encode(stills[:1]).fused_prefix[0], atol=1e-5
    )


def test_partial_sums_add_and_states_equal_stills(stills: list[np.ndarray]) -> None:
    model = TinyModel()
    weights = [1.0, 2.0, 3.0, 4.0, 5.0]
    whole = model.fuse("why", stills, weights)
    parts = model.fuse("why", stills[:2], weights[:2]) + model.fuse("why", stills[2:], weights[2:])
    np.testing.assert_allclose(whole.mean(), parts.mean(), atol=1e-5)
    np.testing.assert_allclose(
        whole.mean(), model.fuse("why", model.states(stills), weights).mean(), atol=1e-5
    )


def test_a_kept_context_equals_a_new_one(stills: list[np.ndarray]) -> None:
    model = TinyModel()
    encoded = model.encode(stills)
    head = encoded.fused_prefix.mean(0)[: len(HEAD)]
    kept = model.context(head)
    kept.extend(encoded.tokens[:, 0])
    length = kept.length
    prompt = model.fuse("what?", stills, [1.0] * 5).mean()
    first = list(model.generate(kept, prompt, Sampling(8)))
    kept.rewind(length)
    assert list(model.generate(kept, prompt, Sampling(8))) == first
    other = model.fuse("who is it?", stills, [1.0] * 5).mean()
    kept.rewind(length)
    assert list(model.generate(kept, other, Sampling(8))) != first
