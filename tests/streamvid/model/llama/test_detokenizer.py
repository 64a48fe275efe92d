from __future__ import annotations

import itertools
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from streamvid.model.llama.detokenizer import Detokenizer


def _byte_decoder(pieces: Sequence[bytes]):
    """Ids are numbers of ``pieces``, as in byte-level BPE: a token may end within a character."""
    return lambda ids: b"".join(pieces[i] for i in ids).decode("utf-8", "replace")


def _word_decoder(words: Sequence[str]):
    """As sentencepiece: every word brings its space, and the first one of a text loses it."""
    return lambda ids: "".join(" " + words[i] for i in ids).removeprefix(" ")


def _stream(decode, count: int) -> list[str]:
    detokenizer = Detokenizer(decode)
    pieces = [detokenizer.feed(token_id) for token_id in range(count)]
    return [*pieces, detokenizer.finish()]


def _cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in itertools.pairwise(places)]


CUTS = st.lists(st.integers(0, 10_000), max_size=40)


@given(st.text(), CUTS)
def test_any_text_cut_anywhere_streams_to_itself(text, cuts):
    pieces = _cut(text.encode(), cuts)
    streamed = _stream(_byte_decoder(pieces), len(pieces))
    assert "".join(streamed) == text
    if "\N{REPLACEMENT CHARACTER}" not in text:
        assert not any("\N{REPLACEMENT CHARACTER}" in piece for piece in streamed)


@given(st.binary(), CUTS)
def test_broken_bytes_stream_to_what_decoding_all_gives(data, cuts):
    pieces = _cut(data, cuts)
    assert "".join(_stream(_byte_decoder(pieces), len(pieces))) == data.decode("utf-8", "replace")


@given(st.lists(st.text(min_size=1, max_size=6).filter(str.strip), max_size=30))
def test_spaces_between_words_come_out_as_in_the_whole(words):
    decode = _word_decoder(words)
    assert "".join(_stream(decode, len(words))) == decode(range(len(words)))


@given(st.text(alphabet="abc é😀", max_size=60))
def test_a_character_is_given_with_its_last_byte(text):
    pieces = [bytes([byte]) for byte in text.encode()]
    detokenizer = Detokenizer(_byte_decoder(pieces))
    given_bytes = 0
    for token_id in range(len(pieces)):
        given_bytes += len(detokenizer.feed(token_id).encode())
        assert token_id + 1 - given_bytes <= 3


def test_tokens_without_text_do_no_harm():
    decode = _byte_decoder([b"a", b"", b"", b"b"])
    assert _stream(decode, 4) == ["a", "", "", "b", ""]


def test_the_window_stays_small():
    longest = 0

    def decode(ids: Sequence[int]) -> str:
        nonlocal longest
        longest = max(longest, len(ids))
        return "".join(chr(97 + i % 26) for i in ids)

    _stream(decode, 500)
    assert longest <= 3
