from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from streamvid.model.errors import ModelError
from streamvid.model.micro_batches import MicroBatches, is_out_of_memory


@given(items=st.lists(st.integers(), max_size=40), size=st.integers(1, 50), fits=st.integers(1, 50))
def test_all_is_done_once_in_order_whatever_fits(items, size, fits) -> None:
    said: list[str] = []
    pieces: list[int] = []

    def work(piece: Sequence[int]) -> list[int]:
        if len(piece) > fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        pieces.append(len(piece))
        return list(piece)

    batches = MicroBatches(size, say=said.append)
    assert [one for part in batches.run(work, items) for one in part] == items
    assert all(piece <= fits for piece in pieces)
    assert batches.size <= size
    assert bool(said) == (min(size, len(items)) > fits)
    told = len(said)
    batches.run(work, items)
    # It does not try the larger size again.
    assert len(said) == told


def test_a_single_item_that_does_not_fit_is_told_with_what_to_do() -> None:
    def work(piece: Sequence[int]) -> None:
        raise MemoryError

    with pytest.raises(ModelError, match="--quantize nf4"):
        MicroBatches(8).run(work, [1, 2, 3])


def test_other_errors_pass() -> None:
    def work(piece: Sequence[int]) -> None:
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes"):
        MicroBatches(8).run(work, [1])


def test_the_allocators_own_words_are_understood() -> None:
    with pytest.raises(RuntimeError) as told:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert is_out_of_memory(told.value)
    assert not is_out_of_memory(ValueError("out of memory"))
