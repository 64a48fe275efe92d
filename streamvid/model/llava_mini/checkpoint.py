"""The tensors of a checkpoint by name, each read when it is asked for.

Safetensors, sharded or not, are mapped: loading holds no weight twice. A ``.bin`` is unpickled with
``weights_only``, which runs no code of its own.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from streamvid.model.errors import WeightsError

_SINGLE = ("model.safetensors", "pytorch_model.bin")
_INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")


class Checkpoint(Mapping[str, Tensor]):
    """All tensors of a folder in Hugging Face's layout."""

    def __init__(self, folder: Path) -> None:
        """Raises WeightsError where there is no such layout or a shard is missing or broken."""
        self._files = [_TensorFile(path) for path in _files_of(folder)]
        self._where = {name: file for file in self._files for name in file.shapes}

    def __getitem__(self, name: str) -> Tensor:
        return self._where[name].read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __len__(self) -> int:
        return len(self._where)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor, without reading it."""
        return self._where[name].shapes[name]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every name with its shape."""
        return {name: file.shapes[name] for name, file in self._where.items()}


class Under(Mapping[str, Tensor]):
    """The part of a mapping whose names start with ``prefix``, named by what follows it."""

    def __init__(self, tensors: Mapping[str, Tensor], prefix: str) -> None:
        self._tensors, self._prefix = tensors, prefix

    def __getitem__(self, name: str) -> Tensor:
        return self._tensors[self._prefix + name]

    def __iter__(self) -> Iterator[str]:
        cut = len(self._prefix)
        return (name[cut:] for name in self._tensors if name.startswith(self._prefix))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _TensorFile:
    """One file of tensors: their shapes at once, their values one by one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unpickled: dict[str, Tensor] | None = None
        self.shapes: dict[str, tuple[int, ...]]
        try:
            if path.suffix == ".bin":
                # Mapped, so that only what is used is read from disk.
                self._unpickled = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
                self.shapes = {name: tuple(one.shape) for name, one in self._unpickled.items()}
            else:
                self._open = opened = cast("Any", safe_open(path, "pt"))
                names = opened.keys()
                self.shapes = {name: tuple(opened.get_slice(name).get_shape()) for name in names}
        except pickle.UnpicklingError as error:
            # torch's own message advises to load it all the same.
            raise WeightsError(
                f"cannot read weights from {path}: it holds more than tensors, which could run code"
            ) from error
        except (OSError, SafetensorError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise WeightsError(f"cannot read weights from {path}: {reason}") from error

    def read(self, name: str) -> Tensor:
        if self._unpickled is not None:
            return self._unpickled[name]
        tensor: Tensor = self._open.get_tensor(name)
        return tensor


def _files_of(folder: Path) -> list[Path]:
    for name in _INDEXES:
        index = folder / name
        if index.exists():
            try:
                listed = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
            except (OSError, ValueError, KeyError, AttributeError) as error:
                raise WeightsError(f"{index} lists no weights; fetch it again") from error
            paths = [folder / shard for shard in sorted(set(listed))]
            for path in paths:
                if path.parent != folder or not path.exists():
                    raise WeightsError(f"{path} is missing; {name} lists it: fetch it again")
            return paths
    for name in _SINGLE:
        if (folder / name).exists():
            return [folder / name]
    raise WeightsError(
        f"no weights in {folder}: neither {', '.join(_SINGLE)} nor an index of shards"
    )
