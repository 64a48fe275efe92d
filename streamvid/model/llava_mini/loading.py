"""Builds a LLaVA-Mini from a checkpoint's folder."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from streamvid.model.errors import WeightsError
from streamvid.model.heap import give_back
from streamvid.model.llama import (
    LanguageModel,
    LlamaStack,
    Precision,
    PrecisionName,
    choose_precision,
)
from streamvid.model.llama.precision import device_precision
from streamvid.model.llama.weights import Device, take
from streamvid.model.llava_mini.budget import free_device_memory, free_memory, reckon
from streamvid.model.llava_mini.checkpoint import Checkpoint
from streamvid.model.llava_mini.compressor import AverageCompressor, QueryCompressor
from streamvid.model.llava_mini.config import LlavaMiniConfig
from streamvid.model.llava_mini.core import LlavaMini
from streamvid.model.llava_mini.cost import tower_shape
from streamvid.model.llava_mini.frame_encoder import FrameEncoder, FrameGeometry
from streamvid.model.llava_mini.ledger import Ledger, held_weights, planned_weights
from streamvid.model.llava_mini.model import LlavaMiniModel, LlavaMiniParts
from streamvid.model.llava_mini.prefusion import PreFusion
from streamvid.model.llava_mini.projector import Projector
from streamvid.model.llava_mini.prompt import Prompt
from streamvid.model.llava_mini.towers import (
    TOWER,
    load_retrieval,
    load_tower,
    read_normalisation,
    tower_within,
)
from streamvid.model.llava_mini.vision import FrameVision
from streamvid.model.llava_mini.vision_tower import VisionTower
from streamvid.model.micro_batches import MicroBatches

COMPRESSOR = "model.compressor."
PROJECTOR = "model.mm_projector."
PREFUSION = "model.prefusion_"


def load_llava_mini(
    folder: Path,
    *,
    name: str | None = None,
    tower_folder: Path | None = None,
    cache: Path | None = None,
    precision: PrecisionName = "auto",
    template: str | None = None,
    geometry: FrameGeometry = "stretch",
    fetch_tower: Callable[[str], Path] | None = None,
    device: torch.device | str = "cpu",
    say: Callable[[str], None] = lambda line: None,
) -> LlavaMiniModel:
    """The model in ``folder``, ready, under ``name`` or the folder's own.

    ``tower_folder`` holds its CLIP where that is neither in the checkpoint nor beside it;
    ``fetch_tower`` gets the name in the checkpoint's config where it is nowhere; ``device`` is
    ``cpu`` or ``cuda``, where ``auto`` means bf16; ``cache``
    keeps what was measured of this machine; ``say`` gets progress lines. Raises WeightsError naming
    the first thing that is missing or does not fit.
    """
    config = LlavaMiniConfig.read(folder)
    tensors = Checkpoint(folder)
    check_shapes(tensors.shapes, config)
    tower_folder = tower_folder or tower_beside(folder, config, fetch=fetch_tower)
    on_processor = torch.device(device).type == "cpu"
    chosen = (
        choose_precision(
            precision,
            cache_dir=cache,
            width=config.language.hidden_size,
            inner_width=config.language.intermediate_size,
        )
        if on_processor
        else device_precision(precision)
    )
    say(f"loading {name or folder.name}: {config.language.num_hidden_layers} layers, {chosen.name}")
    free_bytes = free_memory() if on_processor else free_device_memory(device)
    dtype = torch.float32 if chosen.prefill == "fp32" else torch.bfloat16
    if tower_folder is not None:
        tower = load_tower(tower_folder, config, dtype=dtype)
    else:
        tower = tower_within(tensors, config, dtype=dtype)
    sizes = tower_shape(tower.model.config.to_dict(), config.vision_layer)
    budget = reckon(config, sizes, free_bytes=free_bytes, precision=chosen)
    core = build_core(config, Reported(tensors, say), tower, chosen, device=device)
    ledger = Ledger(say=say)
    planned = planned_weights(config, sizes, chosen)
    for part, held_bytes in held_weights(core).items():
        ledger.check(f"weights of the {part}", planned[part], held_bytes)
    clip_folder = tower_folder or folder
    model = LlavaMiniModel(
        LlavaMiniParts(
            name=name or folder.name,
            core=core,
            frames=FrameEncoder(
                core.vision,
                load_retrieval(clip_folder, tower),
                read_normalisation(clip_folder),
                geometry,
                config.resolution_ratio,
            ),
            prompt=Prompt(folder, template=template),
            digest=weights_digest([folder, *([tower_folder] if tower_folder else [])]),
            micro_batches=MicroBatches(budget.encode_batch, say=say),
            ledger=ledger,
            room_tokens=budget.view_tokens,
        )
    )
    if model.spec.default_view_tokens == budget.view_tokens:
        say(f"memory is short: views of {budget.view_tokens} tokens at most")
    return model


class Reported(Mapping[str, Tensor]):
    """``tensors``, telling ``say`` every few seconds how many of them have been taken."""

    def __init__(
        self,
        tensors: Mapping[str, Tensor],
        say: Callable[[str], None],
        *,
        every_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tensors, self._say, self._every_s, self._clock = tensors, say, every_s, clock
        self._taken: set[str] = set()
        self._told_s = clock()

    def __getitem__(self, name: str) -> Tensor:
        tensor = self._tensors[name]
        self._taken.add(name)
        now_s = self._clock()
        if now_s - self._told_s >= self._every_s:
            self._told_s = now_s
            self._say(f"loading: {len(self._taken)} of {len(self._tensors)} tensors")
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)


def load_core(folder: Path, *, tower_folder: Path, precision: Precision) -> LlavaMini:
    """The bare parts of a checkpoint, without prompt and search."""
    config = LlavaMiniConfig.read(folder)
    tensors = Checkpoint(folder)
    check_shapes(tensors.shapes, config)
    dtype = torch.float32 if precision.prefill == "fp32" else torch.bfloat16
    tower = load_tower(tower_folder, config, dtype=dtype)
    return build_core(config, tensors, tower, precision)


def build_core(
    config: LlavaMiniConfig,
    tensors: Mapping[str, Tensor],
    tower: VisionTower,
    precision: Precision,
    *,
    device: Device = None,
) -> LlavaMini:
    """Put the parts together on ``device`` from ``tensors`` in the reference's naming."""
    compressor = _compressor(config, tensors, dtype=tower.dtype)
    projector = _projector(config, tensors, dtype=tower.dtype)
    if device is not None:
        for part in (tower.model, compressor, projector):
            part.to(device)
    vision = FrameVision(tower, compressor, projector)
    language = LanguageModel.from_tensors(config.language, tensors, precision, device=device)
    give_back()
    prefusion = None
    if config.prefusion_layers:
        prefusion = LlamaStack.from_tensors(
            config.language.with_layers(config.prefusion_layers),
            tensors,
            precision.for_prefill,
            prefix=PREFUSION,
            device=device,
        )
    give_back()
    return LlavaMini(config, vision, PreFusion(prefusion), language)


def tower_beside(
    folder: Path, config: LlavaMiniConfig, *, fetch: Callable[[str], Path] | None = None
) -> Path | None:
    """The folder that ``mm_vision_tower`` names: as it is, in ``folder`` or beside it.

    None where the checkpoint holds the tower itself. Where it is nowhere ``fetch`` gets the name.
    Raises WeightsError without it.
    """
    name = config.vision_tower
    places = [Path(name), folder / name, folder.parent / name, folder.parent / Path(name).name]
    for place in places:
        if (place / "config.json").exists():
            return place
    if any(tensor.startswith(TOWER) for tensor in Checkpoint(folder)):
        return None
    if fetch is not None and name.count("/") == 1:
        return fetch(name)
    raise WeightsError(f"no vision tower {name!r} in {folder} or beside it; put its folder there")


def check_shapes(found: Mapping[str, tuple[int, ...]], config: LlavaMiniConfig) -> None:
    """Raises WeightsError naming the first tensor that is missing or misshapen."""
    for name, shape in expected_shapes(config).items():
        if name not in found:
            raise WeightsError(f"no tensor {name!r} among the weights; is the file complete")
        if found[name] != shape:
            raise WeightsError(f"tensor {name!r} is {found[name]}; the config wants {shape}")


def unknown_names(names: Iterable[str], config: LlavaMiniConfig) -> list[str]:
    """Names of a checkpoint that no part of the model takes, the tower's excepted."""
    known = set(expected_shapes(config))
    return sorted(n for n in names if n not in known and not n.startswith(TOWER))


def expected_shapes(config: LlavaMiniConfig) -> dict[str, tuple[int, ...]]:
    """Every tensor that a checkpoint of ``config`` holds, with its shape; the tower's not."""
    language, d = config.language, config.language.hidden_size
    shapes = {"model.embed_tokens.weight": (language.vocab_size, d), "model.norm.weight": (d,)}
    if not language.tie_word_embeddings:
        shapes["lm_head.weight"] = (language.vocab_size, d)
    layers = [f"model.layers.{i}." for i in range(language.num_hidden_layers)]
    layers += [f"{PREFUSION}layers.{i}." for i in range(config.prefusion_layers)]
    inner = language.intermediate_size
    for stem in layers:
        shapes |= {
            f"{stem}input_layernorm.weight": (d,),
            f"{stem}post_attention_layernorm.weight": (d,),
            f"{stem}self_attn.q_proj.weight": (language.attention_width, d),
            f"{stem}self_attn.k_proj.weight": (language.key_value_width, d),
            f"{stem}self_attn.v_proj.weight": (language.key_value_width, d),
            f"{stem}self_attn.o_proj.weight": (d, language.attention_width),
            f"{stem}mlp.gate_proj.weight": (inner, d),
            f"{stem}mlp.up_proj.weight": (inner, d),
            f"{stem}mlp.down_proj.weight": (d, inner),
        }
    for stem, part in (
        (PROJECTOR, empty_projector(config)),
        (COMPRESSOR, empty_compressor(config)),
    ):
        shapes |= {stem + name: tuple(one.shape) for name, one in part.state_dict().items()}
    return shapes


def empty_projector(config: LlavaMiniConfig) -> Projector:
    """The projector on the meta device."""
    with torch.device("meta"):
        return Projector(config.vision_width, config.language.hidden_size, config.projector_layers)


def empty_compressor(config: LlavaMiniConfig) -> nn.Module:
    """The compressor on the meta device."""
    if config.compression == "average":
        return AverageCompressor(config.compressor_size)
    with torch.device("meta"):
        return QueryCompressor(config.vision_width, config.compressor_size)


def _compressor(
    config: LlavaMiniConfig, tensors: Mapping[str, Tensor], *, dtype: torch.dtype
) -> nn.Module:
    compressor = empty_compressor(config)
    _fill(compressor, tensors, COMPRESSOR, dtype)
    return compressor


def _projector(
    config: LlavaMiniConfig, tensors: Mapping[str, Tensor], *, dtype: torch.dtype
) -> Projector:
    projector = empty_projector(config)
    _fill(projector, tensors, PROJECTOR, dtype)
    return projector


def _fill(module: nn.Module, tensors: Mapping[str, Tensor], stem: str, dtype: torch.dtype) -> None:
    """Give ``module`` its parameters, copied out of ``tensors`` into ``dtype``."""
    taken = {
        name: take(tensors, stem + name, tuple(empty.shape)).to(dtype, copy=True)
        for name, empty in module.state_dict().items()
    }
    module.load_state_dict(taken, assign=True)
    module.eval().requires_grad_(requires_grad=False)


def weights_digest(folders: Iterable[Path]) -> str:
    """Of what the folders' weights are: names and sizes, and samples of their bytes.

    Reading all of 16 GB would take longer than loading them.
    """
    digest = hashlib.sha256()
    for folder in folders:
        files = sorted((*folder.glob("*.safetensors"), *folder.glob("*.bin")))
        for path in files:
            size = path.stat().st_size
            digest.update(f"{path.name} {size}".encode())
            with path.open("rb") as file:
                for place in range(17):
                    file.seek(place * max(0, size - _SAMPLE_BYTES) // 16)
                    digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()


_SAMPLE_BYTES = 64 * 1024
