"""The trained part of nano on disk: what it is made of, how it is written and read.

- ``vision.safetensors``: patch embedding, compressor, projector, gates, 8 bits a weight;
- ``retrieval.safetensors``: the retrieval head, 8 bits;
- ``prefusion.safetensors``: pre-fusion layers, as 4-bit differences to the base's first layers;
- ``language-<n>.safetensors``: language model, as 4-bit differences to the base.

The base is the packaged SmolLM2; a difference needs fewer bits than what it is added to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor

from streamvid.model.errors import WeightsError
from streamvid.model.nano.quantised import dequantise, quantise

PREFUSION_LAYERS = 4
_FILE_BYTES = 24_000_000
_MEMORY_FILES = ("vision.safetensors", "retrieval.safetensors", "prefusion.safetensors")
"""What stored numbers depend on; the language model is not among it."""


def packaged_folder() -> Path:
    """Where the weights that come with streamvid lie."""
    return Path(__file__).parent / "weights"


@dataclass(frozen=True, slots=True, eq=False)
class TrainedWeights:
    """Float32 tensors: of ``Vision`` and both gates (``vision.``, ``text_gate.``, ``vision_gate.``)
    and the whole of pre-fusion (``layers.<i>.``) and language model (``model.``), base added."""

    vision: dict[str, Tensor]
    prefusion: dict[str, Tensor]
    language: dict[str, Tensor]
    digest: str
    """Of the files that a memory's numbers depend on."""


def save_trained(
    folder: Path,
    *,
    vision: Mapping[str, Tensor],
    prefusion: Mapping[str, Tensor],
    language: Mapping[str, Tensor],
    base: Mapping[str, Tensor],
) -> list[Path]:
    """Write the files; gives their paths. Names are those of ``TrainedWeights``."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.safetensors"):
        old.unlink()
    retrieval = {name: t for name, t in vision.items() if name.startswith("vision.retrieval.")}
    rest = {name: t for name, t in vision.items() if name not in retrieval}
    written = [folder / name for name in _MEMORY_FILES]
    save_file(quantise(rest, 8), written[0])
    save_file(quantise(retrieval, 8), written[1])
    moved = {name: tensor - base[f"model.{name}"] for name, tensor in prefusion.items()}
    save_file(quantise(moved, 4), written[2])
    moved = {name: tensor - base[name] for name, tensor in language.items()}
    part: dict[str, Tensor] = {}
    parts = [part]
    for name in moved:
        stored = quantise({name: moved[name]}, 4)
        size = sum(t.nbytes for t in (*part.values(), *stored.values()))
        if size > _FILE_BYTES:
            part = {}
            parts.append(part)
        part |= stored
    for number, tensors in enumerate(parts, start=1):
        written.append(folder / f"language-{number}.safetensors")
        save_file(tensors, written[-1])
    return written


def load_trained(folder: Path, base: dict[str, Tensor]) -> TrainedWeights:
    """Read what ``save_trained`` wrote. Raises WeightsError where files are missing.

    ``base`` is used up: its tensors become the language model's, so that weights are held once.
    """
    paths = [folder / name for name in _MEMORY_FILES]
    language_paths = sorted(folder.glob("language-*.safetensors"))
    for path in [*paths, *(language_paths or [folder / "language-1.safetensors"])]:
        if not path.is_file():
            raise WeightsError(f"trained weights are missing: {path}; install streamvid again")
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    vision = dequantise(load_file(paths[0])) | dequantise(load_file(paths[1]))
    moved = dequantise(load_file(paths[2]))
    prefusion = {
        name: base[name] + moved.get(name.removeprefix("model."), 0.0)
        for name in base
        if _is_prefusion(name)
    }
    for path in language_paths:
        for name, difference in dequantise(load_file(path)).items():
            base[name] += difference
    return TrainedWeights(vision, prefusion, base, digest.hexdigest())


def _is_prefusion(name: str) -> bool:
    return any(name.startswith(f"model.layers.{layer}.") for layer in range(PREFUSION_LAYERS))
