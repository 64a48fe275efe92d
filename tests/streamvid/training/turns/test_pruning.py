import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamvid.training.turns.captions import read_caption
from streamvid.training.turns.pruning import backed_captions

_PLAIN = "Somebody is running along the old wall."


def _pruned(text: str, *others: str) -> str:
    """``text`` among captions that are ``others`` and otherwise name neither clothes nor colour."""
    texts = [text, *others, *[_PLAIN] * (4 - len(others))]
    return backed_captions([read_caption(one) for one in texts])[0].text


@pytest.mark.parametrize(
    ("whole", "pruned"),
    [
        ("A man in a blue shirt is riding a bike.", "A man is riding a bike."),
        ("A boy wearing a red hat and jeans runs on grass.", "A boy runs on grass."),
        ("A woman dressed in white is walking along a road.", "A woman is walking along a road."),
        ("A woman, wearing an apron, sits outside a house.", "A woman, sits outside a house."),
        ("A black and white dog jumps over a gray log.", "A dog jumps over a log."),
        ("A dog runs after a light blue ball.", "A dog runs after a ball."),
        # An article that fits the word that now follows.
        ("A boy plays with a green umbrella today.", "A boy plays with an umbrella today."),
    ],
)
def test_what_one_caption_alone_names_is_left_out(whole: str, pruned: str) -> None:
    assert _pruned(whole) == pruned


@pytest.mark.parametrize(
    "text",
    [
        "A man in a blue shirt.",  # nothing would be left to say
        "The man is wearing a hat while he runs.",  # it is what the sentence says
        "A girl in a swimsuit and braids sits on sand.",  # "a girl and braids"
        "A dog with a cap on its head is yawning loudly.",
        "A blond haired boy is running on the sand.",
        "Two men wearing black smile at the camera.",
        "A dog chases a brown one along the beach.",
    ],
)
def test_what_a_sentence_needs_stays(text: str) -> None:
    assert _pruned(text) == text


def test_what_half_of_the_captions_name_stays() -> None:
    text = "A man in a blue shirt is riding a bike."
    assert _pruned(text, "A cyclist in a blue shirt.", "Blue shirts on bikes.") == text
    assert _pruned(text, "A cyclist in a blue shirt.") == "A man is riding a bike."


def test_of_two_colours_the_one_that_others_see_stays() -> None:
    told = _pruned("A black and tan dog runs on grass.", "A black dog runs.", "The black dog.")
    assert told == "A black dog runs on grass."


def test_two_captions_cannot_outvote_each_other() -> None:
    captions = [read_caption("A man in a red hat runs."), read_caption("A runner.")]
    assert backed_captions(captions) == tuple(captions)


_WORDS = "a the man dog in wearing with red black and , shirt hat jeans runs is on grass dressed or"


@given(st.lists(st.lists(st.sampled_from(_WORDS.split()), max_size=12), max_size=6))
def test_only_words_that_were_there_are_told(spoken: list[list[str]]) -> None:
    captions = [read_caption(" ".join(words)) for words in spoken]
    told = backed_captions(captions)
    assert len(told) == len(captions)
    for before, after in zip(captions, told, strict=True):
        assert set(after.tokens) - {"an", "a", "."} <= set(before.tokens)
        assert len(after.text) <= len(before.text) + 1  # "an umbrella" of "a red umbrella"
