"""Names and shapes of checkpoints: the 8B one on the meta device, broken ones, other layouts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from streamvid.model.errors import WeightsError
from streamvid.model.llama import ConfigError
from streamvid.model.llava_mini.checkpoint import Checkpoint, Under
from streamvid.model.llava_mini.config import LlavaMiniConfig
from streamvid.model.llava_mini.loading import (
    Reported,
    build_core,
    check_shapes,
    expected_shapes,
    load_llava_mini,
    unknown_names,
)
from streamvid.model.llava_mini.vision_tower import VisionTower
from tests.streamvid.model.llava_mini import golden


class Counted(Mapping[str, Tensor]):
    """Empty tensors of given shapes; counts how often each is asked for."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self._shapes = shapes
        self.asked: dict[str, int] = {}

    def __getitem__(self, name: str) -> Tensor:
        shape = self._shapes[name]
        self.asked[name] = self.asked.get(name, 0) + 1
        return torch.empty(shape, device="meta")

    def __iter__(self) -> Iterator[str]:
        return iter(self._shapes)

    def __len__(self) -> int:
        return len(self._shapes)


@pytest.fixture(scope="module")
def names_8b() -> dict[str, dict[str, object]]:
    path = golden.folder() / "names-8b.json"
    if not path.exists():
        pytest.skip(f"{path} is missing")
    found: dict[str, dict[str, object]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_the_8b_model_takes_every_tensor_of_its_checkpoint(names_8b) -> None:
    """Built on the meta device: nothing missing, nothing left over, every shape as it is there."""
    from transformers import CLIPVisionConfig, CLIPVisionModel

    config = LlavaMiniConfig.from_json(names_8b["config.json"])
    theirs = {name: tuple(shape) for name, shape in names_8b["tensors"].items()}
    assert expected_shapes(config) == theirs
    assert unknown_names(theirs, config) == []
    tensors = Counted(theirs)
    tower_tensors = names_8b["may_also_be_present"]["tensors"]
    layers = sum(name.endswith("layer_norm1.weight") for name in tower_tensors)
    with torch.device("meta"):
        clip = CLIPVisionModel(
            CLIPVisionConfig(
                hidden_size=1024, intermediate_size=4096, num_hidden_layers=layers,
                num_attention_heads=16, patch_size=14, image_size=336,
            )
        )  # fmt: skip
    tower = VisionTower(clip, config.vision_layer)
    core = build_core(config, tensors, tower, golden.EXACT)
    assert tensors.asked == dict.fromkeys(theirs, 1)
    assert core.config.tokens_per_frame == 1
    prefix = "model.vision_tower.vision_tower.vision_model."
    own = {prefix + name: tuple(one.shape) for name, one in clip.state_dict().items()}
    assert {n: s for n, s in own.items() if "position_ids" not in n} == {
        n: tuple(s) for n, s in tower_tensors.items() if "position_ids" not in n
    }


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A golden checkpoint that may be spoilt, its tower beside it."""
    names = golden.model_names()
    if not names:
        pytest.skip("no golden models")
    models = golden.folder() / "models"
    tower = LlavaMiniConfig.read(models / names[0]).vision_tower
    for name in (names[0], tower):
        shutil.copytree(models / name, tmp_path / name)
    return tmp_path / names[0]


def rewrite(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    fields = json.loads(path.read_text())
    path.write_text(json.dumps({**fields, **changes}))


@pytest.mark.parametrize("spoil", ["missing", "misshapen"])
def test_the_first_offender_is_named(copied: Path, spoil: str) -> None:
    path = copied / "model.safetensors"
    tensors = load_file(path)
    name = "model.prefusion_layers.1.mlp.up_proj.weight"
    whole = tensors.pop(name)
    if spoil == "misshapen":
        tensors[name] = whole[:-1].contiguous()
    save_file(tensors, path)
    with pytest.raises(WeightsError, match=r"prefusion_layers\.1\.mlp\.up_proj\.weight") as caught:
        load_llava_mini(copied, precision="fp32")
    assert "\n" not in str(caught.value)


def test_another_model_is_refused_by_name(copied: Path) -> None:
    fields = json.loads((copied / "config.json").read_text())
    with pytest.raises(WeightsError, match="compressor_size"):
        LlavaMiniConfig.from_json({k: v for k, v in fields.items() if k != "compressor_size"})
    with pytest.raises(WeightsError, match="qwen2"):
        LlavaMiniConfig.from_json({**fields, "model_type": "qwen2"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("compressor_size", 0),
        ("compressor_size", "two"),
        ("mm_projector_type", "resampler"),
        ("mm_vision_select_feature", "cls_patch"),
        ("mm_hidden_size", None),
        ("prefusion_layer_num", -1),
        ("mm_compression", "max"),
        ("eos_token_id", "stop"),
    ],
)
def test_a_strange_key_is_named(copied: Path, key: str, value: object) -> None:
    rewrite(copied, **{key: value})
    (copied / "generation_config.json").unlink(missing_ok=True)
    with pytest.raises(WeightsError, match=key):
        LlavaMiniConfig.read(copied)


def test_a_decoder_that_is_no_llama_is_refused(copied: Path) -> None:
    rewrite(copied, attention_bias=True)
    with pytest.raises(ConfigError, match="attention_bias"):
        LlavaMiniConfig.read(copied)


def test_without_a_tower_it_says_where_to_put_one(copied: Path) -> None:
    rewrite(copied, mm_vision_tower="openai/clip-vit-large-patch14-336")
    with pytest.raises(WeightsError, match="put its folder there"):
        load_llava_mini(copied, precision="fp32")


def test_another_towers_width_is_refused(copied: Path) -> None:
    other = next(
        (p for p in (golden.folder() / "models").glob("clip-*") if p.name != _tower(copied)), None
    )
    if other is None:
        pytest.skip("one golden tower only")
    with pytest.raises(WeightsError, match="mm_hidden_size"):
        load_llava_mini(copied, tower_folder=other, precision="fp32")


def _tower(folder: Path) -> str:
    return LlavaMiniConfig.read(folder).vision_tower


def test_shards_and_bins_hold_the_same(copied: Path) -> None:
    whole = load_file(copied / "model.safetensors")
    names = sorted(whole)
    parts = {"one.safetensors": names[::2], "two.safetensors": names[1::2]}
    for shard, of_it in parts.items():
        save_file({name: whole[name] for name in of_it}, copied / shard)
    index = {"weight_map": {n: shard for shard, of_it in parts.items() for n in of_it}}
    (copied / "model.safetensors.index.json").write_text(json.dumps(index))
    same(Checkpoint(copied), whole)
    (copied / "two.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"two\.safetensors is missing"):
        Checkpoint(copied)
    (copied / "model.safetensors.index.json").unlink()
    (copied / "model.safetensors").unlink()
    torch.save(whole, copied / "pytorch_model.bin")
    same(Checkpoint(copied), whole)


def same(checkpoint: Checkpoint, whole: Mapping[str, Tensor]) -> None:
    assert set(checkpoint) == set(whole)
    assert checkpoint.shapes == {name: tuple(one.shape) for name, one in whole.items()}
    assert all(torch.equal(checkpoint[name], one) for name, one in whole.items())


def test_a_bin_runs_no_code(copied: Path) -> None:
    (copied / "model.safetensors").unlink()

    class Opened:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return (Path.touch, (copied / "opened",))

    torch.save({"model.norm.weight": Opened()}, copied / "pytorch_model.bin")
    with pytest.raises(WeightsError, match="cannot read weights"):
        Checkpoint(copied)
    assert not (copied / "opened").exists()


@pytest.mark.parametrize("content", [b"", b"{}", b"\x00" * 64])
def test_a_broken_file_is_named(copied: Path, content: bytes) -> None:
    (copied / "model.safetensors").write_bytes(content)
    with pytest.raises(WeightsError, match=r"model\.safetensors"):
        Checkpoint(copied)


def test_a_full_save_brings_its_own_tower(copied: Path) -> None:
    """The tower's sizes are read off its tensors; it must see what the one beside it sees."""
    from transformers import CLIPVisionModel

    beside = load_llava_mini(copied, precision="fp32")
    clip = CLIPVisionModel.from_pretrained(copied.parent / _tower(copied), dtype=torch.float32)
    if clip.config.hidden_size // clip.config.num_attention_heads != 64:
        pytest.skip("a tower whose heads are not 64 wide, as every CLIP's are")
    tensors = load_file(copied / "model.safetensors")
    prefix = "model.vision_tower.vision_tower.vision_model."
    own = {prefix + name: one.contiguous() for name, one in clip.state_dict().items()}
    save_file({**tensors, **own}, copied / "model.safetensors")
    rewrite(copied, mm_vision_tower="openai/clip-vit-large-patch14-336")
    within = load_llava_mini(copied, precision="fp32")
    still = torch.randint(0, 255, (70, 90, 3), dtype=torch.uint8).numpy()
    one, other = beside.encode([still]), within.encode([still])
    assert golden.worst(torch.from_numpy(one.tokens), torch.from_numpy(other.tokens)) < 1e-3


def test_under_cuts_a_prefix() -> None:
    part = Under({"a.x": torch.zeros(1), "b.x": torch.ones(1)}, "b.")
    assert list(part) == ["x"]
    assert len(part) == 1
    assert part["x"].item() == 1


def test_shapes_are_checked_before_anything_is_read() -> None:
    names = golden.model_names()
    if not names:
        pytest.skip("no golden models")
    folder = golden.folder() / "models" / names[0]
    config, shapes = LlavaMiniConfig.read(folder), Checkpoint(folder).shapes
    check_shapes(shapes, config)
    with pytest.raises(WeightsError, match=r"model\.norm\.weight"):
        check_shapes({n: s for n, s in shapes.items() if n != "model.norm.weight"}, config)


def test_loading_tells_how_far_it_is_every_few_seconds() -> None:
    said: list[str] = []
    now = iter([0.0, 1.0, 6.0, 7.0, 11.5])
    tensors = {name: torch.zeros(1) for name in "abcd"}
    reported = Reported(tensors, said.append, every_s=5.0, clock=lambda: next(now))
    for name in "abca":
        assert reported[name] is tensors[name]
    assert said == ["loading: 2 of 4 tensors", "loading: 3 of 4 tensors"]
    assert dict.fromkeys(reported) == dict.fromkeys(tensors)
