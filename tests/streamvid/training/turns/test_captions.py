import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamvid.training.turns.captions import read_caption, tokenise


@pytest.mark.parametrize(
    ("text", "subject", "verb"),
    [
        ("A man is riding a bike.", "person", "ride"),
        ("A dog runs through the snow.", "dog", "run"),
        ("Two dogs run.", "dog", "run"),
        ("A boy in a red shirt jumps.", "person", "jump"),
        ("A man and a woman are dancing.", "person", "dance"),
        ("A brown horse eating grass", "horse", "eat"),
    ],
)
def test_verbs_find_their_subject(text, subject, verb):
    caption = read_caption(text)
    places = [i for i, base in caption.verbs.items() if base == verb]
    assert [caption.subjects.get(i) for i in places] == [subject]


@pytest.mark.parametrize(
    "text", ["A man with a dog walks.", "A girl near a horse is smiling.", "The bench is wet."]
)
def test_an_unclear_subject_is_left_open(text):
    assert read_caption(text).subjects == {}


def test_compounds_are_one_token():
    assert "swimming_pool" in tokenise("a blue swimming pool")
    assert read_caption("A swimming pool.").verbs == {}


@given(st.text(max_size=80))
def test_reading_never_fails(text):
    caption = read_caption(text)
    assert caption.text.endswith(".")
    assert set(caption.subjects) <= set(caption.verbs)
    assert all(0 <= place < len(caption.tokens) for place in caption.verbs)
