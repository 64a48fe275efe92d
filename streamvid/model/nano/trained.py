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


def load_vision(folder: Path) -> dict[str, Tensor]:
    """Float32 tensors of ``Vision`` and both gates: ``vision.``, ``text_gate.``, ``vision_gate.``.

    This and the other loads raise WeightsError where a file is missing.
    """
    paths = _files(folder)
    return dequantise(load_file(paths[0])) | dequantise(load_file(paths[1]))


def load_prefusion(folder: Path, base: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The pre-fusion layers, float32, named as the base's first layers (``model.layers.<i>.``)."""
    moved = dequantise(load_file(_files(folder)[2]))
    return {
        name: base[name] + moved.get(name.removeprefix("model."), 0.0)
        for name in base
        if _is_prefusion(name)
    }


def load_language(folder: Path, base: dict[str, Tensor]) -> dict[str, Tensor]:
    """The language model, float32. ``base`` is used up, so that weights are held once."""
    for path in _files(folder)[len(_MEMORY_FILES) :]:
        for name, difference in dequantise(load_file(path)).items():
            base[name] += difference
    return base


def digest_files(folder: Path, *, everything: bool = False) -> str:
    """Hash of the files that a memory's numbers depend on, or of ``everything``."""
    digest = hashlib.sha256()
    for path in _files(folder)[: None if everything else len(_MEMORY_FILES)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(folder: Path) -> list[Path]:
    language = sorted(folder.glob("language-*.safetensors"))
    paths = [folder / name for name in _MEMORY_FILES]
    paths += language or [folder / "language-1.safetensors"]
    for path in paths:
        if not path.is_file():
            raise WeightsError(f"trained weights are missing: {path}; install streamvid again")
    return paths


def _is_prefusion(name: str) -> bool:
    return any(name.startswith(f"model.layers.{layer}.") for layer in range(PREFUSION_LAYERS))
