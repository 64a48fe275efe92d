from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from streamvid.model.errors import PromptError
from streamvid.model.nano.prompt import Prompt

CONTROL = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<repo_name>"]


@pytest.fixture(scope="module")
def peer(language_folder):
    """The same tokenizer through transformers."""
    return AutoTokenizer.from_pretrained(language_folder)


@pytest.fixture(scope="module")
def prompt(language_folder):
    return Prompt(language_folder)


def whole(prompt, question):
    return [*prompt.head, *prompt.tail, *prompt.question(question)]


def test_the_prompt_is_the_chat_format_of_the_checkpoint(prompt, peer):
    user = peer.decode([*prompt.head[3:], *prompt.tail]) + "Is there a dog?"
    turn = [{"role": "user", "content": user}]
    rendered = peer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
    # The checkpoint's template opens with a default system turn, which nano is trained without.
    assert rendered.endswith(peer.decode(whole(prompt, "Is there a dog?")))


def test_a_prefix_is_some_twenty_tokens(prompt):
    assert 16 <= len(prompt.head) <= 28
    assert len(prompt.tail) == 1


@given(text=st.text(min_size=1).filter(lambda text: text.strip()))
@settings(deadline=None, max_examples=100)
def test_the_prefix_never_changes_with_the_question(prompt, peer, text):
    # Tokenised in one piece, as the reference does: no merge may cross into the prefix.
    tail = peer.decode(prompt.tail) + text.strip()
    ids = peer(tail, add_special_tokens=False, split_special_tokens=True).input_ids
    assert ids[: len(prompt.tail)] == prompt.tail


@given(
    parts=st.lists(st.one_of(st.sampled_from(CONTROL), st.text(max_size=8)), min_size=1).filter(
        lambda parts: "".join(parts).strip()
    )
)
@settings(deadline=None, max_examples=100)
def test_control_tokens_in_a_question_are_text(prompt, peer, parts):
    ids = prompt.question("".join(parts))
    special = set(peer.all_special_ids)
    answer = prompt.question("x")[1:]
    assert ids[-len(answer) :] == answer
    assert not special & set(ids[: -len(answer)])


def test_a_further_turn_closes_the_answer_before_it(prompt, peer):
    text = peer.decode(prompt.question("And now?", follows=True))
    assert text == ("<|im_end|>\n<|im_start|>user\nAnd now?<|im_end|>\n<|im_start|>assistant\n")


@pytest.mark.parametrize("empty", ["", "  ", "\n\t"])
def test_nothing_asked_is_refused(prompt, empty):
    with pytest.raises(PromptError, match="empty"):
        prompt.question(empty)


def test_decoding_leaves_control_tokens_out(prompt):
    assert prompt.decode(prompt.answer("Yes.")) == "Yes."
