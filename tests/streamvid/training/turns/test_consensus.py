from hypothesis import given
from hypothesis import strategies as st

from streamvid.training.turns.captions import read_caption
from streamvid.training.turns.consensus import agreement_weights


def _weights(*texts: str) -> tuple[float, ...]:
    return agreement_weights([read_caption(text) for text in texts])


def test_a_caption_that_the_others_back_weighs_most() -> None:
    weights = _weights(
        "A dog is running on the grass.",
        "The dog runs across green grass.",
        "A man in a purple hat is laughing.",
        "Dogs run on some grass.",
    )
    assert weights[2] == min(weights)
    assert min(weights[0], weights[1], weights[3]) > 3 * weights[2]


def test_leaving_out_an_agreed_word_costs() -> None:
    full, part, *_ = _weights(
        "A dog jumps over a fence.", "A dog jumps.", "A dog jumps over a fence.", "A dog, a fence."
    )
    assert full > part


def test_two_captions_cannot_outvote_each_other() -> None:
    assert _weights("A dog.", "A cat sits on a chair.") == (1.0, 1.0)
    assert _weights() == ()


@given(st.lists(st.text("adogcatrunsin th.,", max_size=40), min_size=1, max_size=6))
def test_every_caption_keeps_some_weight(texts: list[str]) -> None:
    weights = _weights(*texts)
    assert len(weights) == len(texts)
    assert all(0 < weight < 2 for weight in weights)
