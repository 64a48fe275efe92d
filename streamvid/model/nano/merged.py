"""Base and trained difference added up, once, into one bf16 file that every later start maps.

Adding them takes seconds at each start otherwise. bf16 is what nano's language model *is*, on every
machine: where products run in fp32, they run on these weights.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from streamvid.model.errors import WeightsError
from streamvid.model.nano.language_weights import load_weights
from streamvid.model.nano.trained import digest_files, load_language, load_prefusion

_FORMAT = "1"


def load_merged(
    language_folder: Path,
    trained: Path,
    cache: Path,
    *,
    say: Callable[[str], None] = lambda line: None,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Language model and pre-fusion layers, bf16 by Llama names, mapped from ``cache``.

    ``language_folder`` holds the converted base, ``trained`` the differences. Made at the first
    call; older ones of the kind are removed. Raises WeightsError where it cannot be written.
    """
    key = hashlib.sha256(f"{_FORMAT}/{language_folder.name}/".encode())
    key.update(digest_files(trained, everything=True).encode())
    path = cache / f"nano-{key.hexdigest()[:16]}.safetensors"
    if not path.is_file():
        say(f"adding trained to packaged weights once, into {path}")
        _merge(language_folder, trained, path)
    tensors = load_file(path)
    language = {n.removeprefix("language/"): t for n, t in tensors.items() if "language/" in n}
    prefusion = {n.removeprefix("prefusion/"): t for n, t in tensors.items() if "prefusion/" in n}
    return language, prefusion


def _merge(language_folder: Path, trained: Path, path: Path) -> None:
    _, base = load_weights(language_folder)
    prefusion = load_prefusion(trained, base)
    language = load_language(trained, base)
    tensors = {f"language/{name}": t.to(torch.bfloat16) for name, t in language.items()}
    tensors |= {f"prefusion/{name}": t.to(torch.bfloat16) for name, t in prefusion.items()}
    # Complete or absent: whoever is killed half-way leaves a scratch file that nobody reads.
    scratch = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in path.parent.glob("nano-*.*"):
            old.unlink()
        save_file(tensors, scratch)
        scratch.replace(path)
    except OSError as error:
        with suppress(OSError):
            scratch.unlink()
        raise WeightsError(f"cannot write {path}: {error.strerror or error}") from error
