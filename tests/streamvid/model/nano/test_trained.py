from __future__ import annotations

import pytest
import torch

from streamvid.model.errors import WeightsError
from streamvid.model.nano.language_weights import load_weights
from streamvid.model.nano.merged import load_merged
from streamvid.model.nano.trained import (
    digest_files,
    load_language,
    load_prefusion,
    load_vision,
    packaged_folder,
    save_trained,
)


@pytest.fixture
def base(small_language_folder):
    return load_weights(small_language_folder)[1]


@pytest.fixture
def parts(base):
    """A language model, pre-fusion layers and a vision part that moved away from the base."""
    generator = torch.Generator().manual_seed(3)

    def moved(tensor):
        return tensor + 0.01 * torch.randn(tensor.shape, generator=generator)

    language = {name: moved(t) for name, t in base.items() if "layers" in name}
    prefusion = {
        name.removeprefix("model."): moved(t)
        for name, t in base.items()
        if name.startswith(tuple(f"model.layers.{i}." for i in range(4)))
    }
    vision = {
        "vision.compressor.up.weight": torch.randn(300, 200, generator=generator),
        "vision.retrieval.up.weight": torch.randn(300, 200, generator=generator),
        "text_gate.linear.bias": torch.randn(64, generator=generator),
    }
    return vision, prefusion, language


def save(folder, parts, base):
    vision, prefusion, language = parts
    return save_trained(folder, vision=vision, prefusion=prefusion, language=language, base=base)


def test_what_was_saved_comes_back_within_its_rounding(tmp_path, parts, base):
    vision, prefusion, language = parts
    save(tmp_path, parts, base)
    for name, tensor in load_vision(tmp_path).items():
        assert torch.allclose(tensor, vision[name], atol=0.02)
    for name, tensor in load_prefusion(tmp_path, base).items():
        assert torch.allclose(tensor, prefusion[name.removeprefix("model.")], atol=0.006)
    untouched = base["model.embed_tokens.weight"].clone()
    restored = load_language(tmp_path, base)
    for name, tensor in language.items():
        assert torch.allclose(restored[name], tensor, atol=0.006)
    # What was not trained is the base's, to the bit.
    assert torch.equal(restored["model.embed_tokens.weight"], untouched)


def test_the_digest_follows_what_a_memory_holds_and_not_the_language_model(tmp_path, parts, base):
    vision, prefusion, language = parts
    save(tmp_path, parts, base)
    before, whole = digest_files(tmp_path), digest_files(tmp_path, everything=True)
    other = {name: tensor + 0.1 for name, tensor in language.items()}
    save(tmp_path, (vision, prefusion, other), base)
    assert digest_files(tmp_path) == before
    assert digest_files(tmp_path, everything=True) != whole
    seen = {name: tensor + 0.1 for name, tensor in vision.items()}
    save(tmp_path, (seen, prefusion, language), base)
    assert digest_files(tmp_path) != before


@pytest.mark.parametrize("missing", ["vision", "prefusion", "language-1"])
def test_a_missing_file_is_named(tmp_path, parts, base, missing):
    save(tmp_path, parts, base)
    (tmp_path / f"{missing}.safetensors").unlink()
    with pytest.raises(WeightsError, match=rf"missing: .*{missing}\.safetensors"):
        load_vision(tmp_path)


def test_merging_happens_once_and_older_ones_go(
    tmp_path, parts, base, small_language_folder, monkeypatch
):
    weights, cache, said = tmp_path / "weights", tmp_path / "cache", []
    save(weights, parts, base)
    first = load_merged(small_language_folder, weights, cache, say=said.append)
    again = load_merged(small_language_folder, weights, cache, say=said.append)
    assert len(said) == 1
    for one, two in zip(first, again, strict=True):
        assert one.keys() == two.keys()
        assert all(torch.equal(one[name], two[name]) for name in one)
        assert all(tensor.dtype == torch.bfloat16 for tensor in one.values())
    assert set(first[1]) == {
        name for name in base if name.startswith(tuple(f"model.layers.{i}." for i in range(4)))
    }
    vision, prefusion, language = parts
    save(weights, (vision, prefusion, {n: t + 1 for n, t in language.items()}), base)
    load_merged(small_language_folder, weights, cache, say=said.append)
    assert len(said) == 2
    assert len(list(cache.iterdir())) == 1


def test_a_cache_that_cannot_be_written_is_told(tmp_path, parts, base, small_language_folder):
    save(tmp_path / "weights", parts, base)
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(WeightsError, match="cannot write"):
        load_merged(small_language_folder, tmp_path / "weights", blocked / "cache")


def test_files_that_come_with_streamvid_are_small_enough_for_a_repository():
    files = list(packaged_folder().glob("*.safetensors"))
    assert len(files) >= 4
    assert all(file.stat().st_size <= 25_000_000 for file in files)
    assert sum(file.stat().st_size for file in files) <= 80_000_000
