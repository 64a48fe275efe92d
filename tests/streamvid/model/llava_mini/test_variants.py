"""Every variant of the paper from ``config.json`` alone, at tiny size and random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from streamvid.model.llava_mini.loading import load_llava_mini
from streamvid.model.llava_mini.reference_inputs import reference_inputs
from streamvid.model.seam import Picture
from tests.streamvid.model.llava_mini import golden
from tests.streamvid.model.llava_mini.tiny_checkpoint import TOWER, write_checkpoint

QUESTION = "Is there a man!"


def stills() -> list[Picture]:
    random = np.random.default_rng(3)
    return [random.integers(0, 256, (50, 70, 3), dtype=np.uint8) for _ in range(3)]


@pytest.mark.parametrize(
    "variant",
    [
        *({"compressor_size": size} for size in (1, 2, 4, 8, 12, 24)),
        *({"prefusion_layers": layers} for layers in (0, 1, 3, 4)),
        *({"compressor_size": size, "compression": "average"} for size in (1, 2)),
        {"compressor_size": 2, "resolution_ratio": 2},
        {"compressor_size": 2, "resolution_ratio": 2, "prefusion_layers": 0},
        {"compressor_size": 2, "resolution_ratio": 2, "compression": "average"},
        {"compressor_size": 2, "chat": False},
    ],
    ids=lambda variant: ",".join(f"{name}={value}" for name, value in variant.items()),
)
def test_a_video_is_fused_as_one_whole_prompt(tmp_path: Path, variant: dict[str, object]) -> None:
    model = load_llava_mini(write_checkpoint(tmp_path, **variant), precision="fp32")
    size = variant.get("compressor_size", 1)
    assert model.spec.tokens_per_frame == size**2
    pictures = stills()
    encoded = model.encode(pictures)
    assert encoded.tokens.shape == (3, size**2, 64)
    states = model.states(pictures)
    assert states.frames == 3
    assert states.nbytes == 3 * model.spec.state_bytes
    fused = model.fuse(QUESTION, states, [1.0] * 3).mean()
    mean, head = encoded.fused_prefix.mean(0), model.spec.prefix_head_tokens
    tokens = encoded.tokens.astype(np.float32).reshape(-1, 64)
    mine = np.concatenate([mean[:head], tokens, mean[head:], fused])
    ids = model._parts.prompt.reference_ids([f"<image>\n{QUESTION}"])
    whole = reference_inputs(model._core, ids, model._parts.frames.pixels(pictures)).embeddings
    assert golden.worst(torch.from_numpy(mine), whole) < 0.01  # tokens cross as float16


def test_search_by_words_scores_as_transformers_clip_does(tmp_path: Path) -> None:
    from transformers import AutoTokenizer, CLIPModel

    model = load_llava_mini(write_checkpoint(tmp_path), precision="fp32")
    folder = tmp_path / TOWER
    clip, tokenizer = CLIPModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    phrases, pictures = ["a dog running", "two men", "the grass is green"], stills()
    pixels = model._parts.frames.pixels(pictures)[:, 0]
    embeddings = model.encode(pictures).embeddings
    for phrase in phrases:
        ids = tokenizer(phrase, return_tensors="pt").input_ids
        with torch.inference_mode():
            scores = clip(input_ids=ids, pixel_values=pixels).logits_per_image[:, 0]
            theirs = (scores / clip.logit_scale.exp()).numpy()
        mine = embeddings @ model.embed_text(phrase)
        assert np.abs(mine - theirs).max() < 1e-5
    assert np.abs(model.embed_image(pictures[1]) - embeddings[1]).max() < 1e-5


def test_a_phrase_longer_than_clip_reads_is_read_whole_in_pieces(tmp_path: Path) -> None:
    model = load_llava_mini(write_checkpoint(tmp_path), precision="fp32")
    long = model.embed_text("a dog " * 200)
    assert np.linalg.norm(long) == pytest.approx(1, abs=1e-5)
    other_end = model.embed_text("a dog " * 199 + "a cat")
    assert np.abs(long - other_end).max() > 1e-4  # its last word counts
    tokenizer = model._parts.frames.retrieval._tokenizer
    short = "a dog on the grass"
    assert len(tokenizer(short).input_ids) < 77
    text = model._parts.frames.retrieval._text
    alone = text(**tokenizer(short, return_tensors="pt")).text_embeds[0].detach().numpy()
    assert np.allclose(model.embed_text(short), alone / np.linalg.norm(alone), atol=1e-6)


def test_another_precision_or_geometry_is_another_memory(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path)
    prints = {
        load_llava_mini(folder, precision=precision, geometry=geometry).fingerprint
        for precision, geometry in (
            ("fp32", "stretch"), ("bf16", "stretch"), ("fp32", "pad"), ("fp32", "reference"),
        )
    }  # fmt: skip
    assert len(prints) == 4
    again = load_llava_mini(folder, precision="fp32")
    assert again.fingerprint in prints
    assert again.adopt(again.fingerprint)
    assert not again.adopt("another")


def test_other_weights_are_another_memory(tmp_path: Path) -> None:
    one = load_llava_mini(write_checkpoint(tmp_path / "1", seed=1), precision="fp32")
    two = load_llava_mini(write_checkpoint(tmp_path / "2", seed=2), precision="fp32")
    assert one.fingerprint != two.fingerprint
