"""Tower features of training pictures, computed once and kept in files.

The tower is frozen, so its features are data. Each picture is seen in several views (plain,
mirrored, crops with mild colour jitter); a cache is three float16 arrays, memory-mapped:
``deep`` [pictures, views, N, 352], ``shallow`` [.., N, 480], ``colour`` [.., N, 12].
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageEnhance, ImageOps
from torch import Tensor

from streamvid.model.nano import tower as tower_module
from streamvid.model.nano.tower import PatchFeatures, Tower

VIEWS = 4
"""Plain, mirrored, then crops (every second one mirrored)."""
_BATCH = 8
_WIDTHS = {
    "deep": tower_module.DEEP_WIDTH,
    "shallow": tower_module.SHALLOW_CELL,
    "colour": tower_module.COLOUR_CELL,
}


@dataclass(frozen=True, slots=True, eq=False)
class FeatureCache:
    """Features of many pictures: float16 arrays [pictures, views, N, width] by name."""

    deep: npt.NDArray[np.float16]
    shallow: npt.NDArray[np.float16]
    colour: npt.NDArray[np.float16]

    def batch(self, pictures: Sequence[int], views: Sequence[int]) -> PatchFeatures:
        """Features of ``pictures``, each in its view: float32 tensors [B, N, width]."""

        def pick(array: npt.NDArray[np.float16]) -> Tensor:
            return torch.from_numpy(array[list(pictures), list(views)].astype(np.float32))

        return PatchFeatures(pick(self.deep), pick(self.shallow), pick(self.colour))


def open_cache(
    folder: Path, images: Sequence[Path], tower: Tower, *, workers: int = 2
) -> FeatureCache:
    """The features of ``images`` in ``folder``: read if they are there, else computed and written.

    ``tower`` comes in the type to compute in; ``workers`` processes share the work.
    Raises OSError where the folder cannot be written or a picture cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = json.dumps([image.name for image in images]).encode()
    key = hashlib.sha256(names + str(VIEWS).encode()).hexdigest()[:16]
    done = folder / f"{key}.done"
    paths = {name: folder / f"{key}-{name}.npy" for name in _WIDTHS}
    if not done.exists():
        _fill(paths, images, tower, workers)
        done.touch()
    arrays = {name: np.load(path, mmap_mode="r") for name, path in paths.items()}
    return FeatureCache(**arrays)


def _fill(paths: dict[str, Path], images: Sequence[Path], tower: Tower, workers: int) -> None:
    for name, width in _WIDTHS.items():
        shape = (len(images), VIEWS, tower_module.CELLS, width)
        np.lib.format.open_memmap(paths[name], "w+", np.float16, shape)
    jobs = [(picture, view) for picture in range(len(images)) for view in range(VIEWS)]
    chunks = [jobs[start : start + _BATCH] for start in range(0, len(jobs), _BATCH)]
    # One thread in each of several processes: two threads in one process wait for each other.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        parts = [
            pool.submit(_fill_part, paths, images, tower, chunks[number::workers])
            for number in range(workers)
        ]
        for part in parts:
            part.result()


def _fill_part(
    paths: dict[str, Path],
    images: Sequence[Path],
    tower: Tower,
    chunks: Sequence[Sequence[tuple[int, int]]],
) -> None:
    torch.set_num_threads(1)
    arrays = {name: np.load(path, mmap_mode="r+") for name, path in paths.items()}
    tower = tower.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with torch.inference_mode():
        for chunk in chunks:
            features = tower(_pixels(images, chunk))
            rows, views = zip(*chunk, strict=True)
            for name, array in arrays.items():
                array[list(rows), list(views)] = getattr(features, name).float().numpy()


def _pixels(images: Sequence[Path], chunk: Sequence[tuple[int, int]]) -> Tensor:
    """[B, 3, 256, 256] in [0, 255], channels last."""
    views = [_view(images[picture], view) for picture, view in chunk]
    stacked = torch.from_numpy(np.stack(views)).permute(0, 3, 1, 2)
    return stacked.float().contiguous(memory_format=torch.channels_last)


def _view(path: Path, view: int) -> npt.NDArray[np.uint8]:
    """View number ``view`` of a picture, stretched to a square; the same at every call."""
    with Image.open(path) as file:
        picture = ImageOps.exif_transpose(file).convert("RGB")
    rng = random.Random(f"{path.name}/{view}")
    if view >= 2:
        picture = _crop(picture, rng)
        for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
            picture = enhance(picture).enhance(rng.uniform(0.85, 1.15))
    if view % 2:
        picture = ImageOps.mirror(picture)
    size = (tower_module.IMAGE_PX, tower_module.IMAGE_PX)
    return np.asarray(picture.resize(size, Image.Resampling.BICUBIC))


def _crop(picture: Image.Image, rng: random.Random) -> Image.Image:
    """A crop of 0.7 to 1 of each side: enough to vary, seldom so much that a thing is lost."""
    width, height = (round(side * rng.uniform(0.7, 1.0)) for side in picture.size)
    left = rng.randint(0, picture.width - width)
    top = rng.randint(0, picture.height - height)
    return picture.crop((left, top, left + width, top + height))
