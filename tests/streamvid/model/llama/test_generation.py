from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamvid.model.errors import PromptError
from streamvid.model.llama import generate
from streamvid.model.llama.generation import Finished, Sampling
from streamvid.model.llama.sampling import pick_token

one_model = settings(
    max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
ALPHABET = [bytes([97 + i]) for i in range(26)] + [
    "é".encode()[:1],
    "é".encode()[1:],
    "😀".encode(),
]


def decode(ids: Sequence[int]) -> str:
    return b"".join(ALPHABET[i % len(ALPHABET)] for i in ids).decode("utf-8", "replace")


def greedy_ids(model, prompt: torch.Tensor, count: int) -> list[int]:
    cache = model.new_cache()
    logits = model.prefill(prompt, cache)
    ids = []
    for _ in range(count):
        ids.append(int(logits.argmax()))
        logits = model.decode_step(ids[-1], cache)
    return ids


def run(model, prompt, *, new=12, cache=None, end_ids=(), **options) -> tuple[str, Finished]:
    cache = model.new_cache() if cache is None else cache
    sampling = options.pop("sampling", Sampling(max_new_tokens=new))
    *pieces, finished = generate(
        model, cache, prompt, sampling, decode=decode, end_ids=end_ids, **options
    )
    assert isinstance(finished, Finished)
    assert all(isinstance(piece, str) for piece in pieces)
    return "".join(pieces), finished


@one_model
@given(st.integers(1, 40), st.integers(1, 50), st.integers(0, 15))
def test_the_text_is_that_of_the_greedy_ids(model, prompt_tokens, chunk_tokens, new):
    prompt = torch.randn(prompt_tokens, 48)
    ids = greedy_ids(model, prompt, new)
    text, finished = run(model, prompt, new=new, chunk_tokens=chunk_tokens)
    assert text == decode(ids)
    assert (finished.reason, finished.new_tokens) == ("length", new)
    assert finished.prompt_tokens == prompt_tokens


def test_the_cache_then_holds_prompt_and_answer(model):
    prompt = torch.randn(9, 48)
    cache = model.new_cache()
    run(model, prompt, new=5, cache=cache)
    ids = greedy_ids(model, prompt, 5)
    expected = model.new_cache()
    model.extend(torch.cat([prompt, model.embed(ids)]), expected)
    assert cache.length == 14
    torch.testing.assert_close(
        model.decode_step(1, cache), model.decode_step(1, expected), atol=2e-4, rtol=1e-4
    )


def test_an_end_id_ends_and_is_not_said(model):
    prompt = torch.randn(9, 48)
    ids = greedy_ids(model, prompt, 12)
    end = next(i for i in ids[1:] if i != ids[0])
    before = ids[: ids.index(end)]
    cache = model.new_cache()
    text, finished = run(model, prompt, end_ids={end}, cache=cache)
    assert text == decode(before)
    assert (finished.reason, finished.new_tokens) == ("stop", len(before))
    assert cache.length == 9 + len(before)


def test_a_stop_string_ends_the_text_before_it(model):
    prompt = torch.randn(9, 48)
    whole = decode(greedy_ids(model, prompt, 12))
    stop = whole[3:5]
    text, finished = run(model, prompt, stop=[stop])
    assert text == whole[: whole.index(stop)]
    assert finished.reason == "stop"


def test_half_a_stop_string_at_the_end_is_said_after_all(model):
    prompt = torch.randn(9, 48)
    whole = decode(greedy_ids(model, prompt, 6))
    text, finished = run(model, prompt, new=6, stop=[whole[-1] + "~"])
    assert text == whole
    assert finished.reason == "length"


def test_every_step_is_one_chunk_or_one_token(model):
    prompt = torch.randn(10, 48)
    cache = model.new_cache()
    steps = generate(
        model,
        cache,
        prompt,
        Sampling(max_new_tokens=3),
        decode=decode,
        end_ids=(),
        chunk_tokens=4,
    )
    lengths = []
    for step in steps:
        lengths.append(cache.length)
        if isinstance(step, Finished):
            break
    # Three chunks, the last with the first token; two more tokens; then the last one's place.
    assert lengths[:5] == [4, 8, 10, 11, 12]
    assert lengths[-1] == 13


@pytest.mark.parametrize("after", [0, 1, 2, 3, 6])
def test_cancelling_is_seen_at_the_next_step(model, after):
    prompt = torch.randn(10, 48)
    calls = 0

    def cancelled() -> bool:
        nonlocal calls
        calls += 1
        return calls > after

    cache = model.new_cache()
    text, finished = run(model, prompt, cache=cache, cancelled=cancelled, chunk_tokens=4)
    said = max(0, after - 2)
    assert finished.reason == "cancelled"
    assert finished.new_tokens == said
    assert text == decode(greedy_ids(model, prompt, said))
    assert cache.length == min(10, 4 * after) + said


def test_a_deadline_on_the_given_clock_ends_it(model):
    now_s = 100.0

    def clock() -> float:
        nonlocal now_s
        now_s += 1.0
        return now_s

    _, finished = run(model, torch.randn(5, 48), new=400, clock=clock, deadline_s=130.0)
    assert finished.reason == "deadline"
    assert 5 < finished.new_tokens < 15
    assert finished.prefill_s == 1.0
    assert finished.decode_s == finished.new_tokens


def test_a_full_context_ends_as_length(model):
    cache = model.new_cache()
    model.extend(torch.randn(500, 48), cache)
    _, finished = run(model, torch.randn(5, 48), new=100, cache=cache)
    assert finished.reason == "length"
    assert (finished.new_tokens, cache.length) == (7, 512)


def test_a_prompt_that_fills_the_context_still_gets_a_token(model):
    cache = model.new_cache()
    _, finished = run(model, torch.randn(512, 48), new=100, cache=cache)
    assert (finished.reason, finished.new_tokens, cache.length) == ("length", 1, 512)


def test_an_empty_prompt_is_refused(model):
    with pytest.raises(PromptError, match="no tokens"):
        run(model, torch.empty(0, 48))


def test_a_seed_repeats_an_answer_and_another_does_not(model):
    prompt = torch.randn(9, 48)

    def said(seed: int) -> str:
        sampling = Sampling(max_new_tokens=20, temperature=1.5, top_p=0.95, seed=seed)
        return run(model, prompt, sampling=sampling)[0]

    assert said(1) == said(1)
    assert len({said(seed) for seed in range(6)}) > 1


def test_given_randomness_goes_before_the_seed(model):
    prompt = torch.randn(9, 48)
    sampling = Sampling(max_new_tokens=20, temperature=1.5, seed=1)
    random = torch.Generator().manual_seed(7)
    given_text, _ = run(model, prompt, sampling=sampling, random=random)
    seeded = Sampling(max_new_tokens=20, temperature=1.5, seed=7)
    assert given_text == run(model, prompt, sampling=seeded)[0]


@one_model
@given(
    st.lists(st.integers(1, 40), min_size=2, max_size=5),
    st.integers(0, 40),
    st.sampled_from([0.0, 1.2]),
)
def test_prompts_of_unequal_length_answered_side_by_side_are_answered_as_alone(
    model, lengths, shared, temperature
):
    """A ragged batch as the engine runs one: a step of each in turn, behind one forked context."""
    prompts = [torch.randn(length, 48) for length in lengths]
    context = model.new_cache()
    model.extend(torch.randn(shared, 48), context)

    def start(row: int, cache):
        sampling = Sampling(max_new_tokens=5 + row, temperature=temperature, seed=row)
        return generate(
            model, cache, prompts[row], sampling, decode=decode, end_ids=(3,), chunk_tokens=7
        )

    alone = [list(start(row, context.fork()))[:-1] for row in range(len(prompts))]
    running = {row: start(row, context.fork()) for row in range(len(prompts))}
    together: list[list[str]] = [[] for _ in prompts]
    while running:
        for row, steps in list(running.items()):
            piece = next(steps)
            if isinstance(piece, Finished):
                del running[row]
            else:
                together[row].append(piece)
    assert together == alone


def test_every_piece_is_whole_characters(model):
    """Some ids are halves of a character: pieces hold no mark that decoding all at once has not."""
    for seed in range(8):
        sampling = Sampling(max_new_tokens=60, temperature=3.0, seed=seed)
        random = torch.Generator().manual_seed(seed)
        prompt = torch.randn(5, 48)
        cache = model.new_cache()
        pieces = [p for p in generate(model, cache, prompt, sampling, decode=decode, end_ids=(),
                                      random=random) if isinstance(p, str)]  # fmt: skip
        ids = sampled_ids(model, prompt, sampling, torch.Generator().manual_seed(seed))
        assert "".join(pieces) == decode(ids)


def sampled_ids(model, prompt, sampling, random) -> list[int]:
    cache = model.new_cache()
    logits = model.prefill(prompt, cache)
    ids: list[int] = []
    while len(ids) < sampling.max_new_tokens:
        ids.append(pick_token(logits, sampling, random))
        logits = model.decode_step(ids[-1], cache)
    return ids
