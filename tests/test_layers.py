"""The import rules of docs/design.md, held by reading every import statement of the tree."""

from __future__ import annotations

import ast
import dataclasses
import enum
import importlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("apps", "streamvid", "capture", "memory")
STDLIB = sys.stdlib_module_names
TORCH = ("torch", "transformers", "bitsandbytes", "gguf", "safetensors", "tokenizers")


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module of one file; ``names`` is empty for a plain ``import``."""

    file: Path
    line: int
    module: str
    names: tuple[str, ...] = ()
    level: int = 0

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} imports {self.module}"

    def within(self, *packages: str) -> bool:
        return any(self.module == p or self.module.startswith(p + ".") for p in packages)


def imports_of(file: Path) -> Iterator[Import]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(file, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            yield Import(file, node.lineno, node.module or "", names, node.level)


def tree(folder: str) -> list[Import]:
    return [found for file in sorted((ROOT / folder).rglob("*.py")) for found in imports_of(file)]


def foreign(folder: str, *allowed: str) -> list[str]:
    """Imports of ``folder`` that are neither stdlib, nor its own, nor of ``allowed``."""
    return [
        str(found)
        for found in tree(folder)
        if found.module.split(".")[0] not in STDLIB
        and not found.within(folder.replace("/", "."), *allowed)
    ]


def test_imports_are_found_at_all():
    assert len(tree("streamvid")) > 5


def test_capture_knows_only_numpy_and_its_decoders():
    assert foreign("capture", "numpy", "av", "cv2") == []
    assert not [str(i) for i in tree("capture") if i.within("sqlite3")]


def test_memory_knows_only_numpy_and_its_index():
    assert foreign("memory", "numpy", "faiss") == []


def test_model_knows_neither_capture_nor_memory_nor_what_stands_above():
    own = [i for i in tree("streamvid/model") if i.within(*OURS)]
    allowed = ("streamvid.model", "streamvid.errors", "streamvid.settings")
    assert [str(i) for i in own if not i.within(*allowed)] == []


@pytest.mark.parametrize("folder", ["streamvid", "capture", "memory"])
def test_nothing_below_imports_apps(folder):
    assert [str(i) for i in tree(folder) if i.within("apps")] == []


@pytest.mark.parametrize(
    ("package", "home"),
    [
        ("av", "capture"),
        ("cv2", "capture"),
        ("faiss", "memory"),
        ("sqlite3", "memory"),
        ("websockets", "apps"),
        ("starlette", "apps"),
        ("uvicorn", "apps"),
        *((name, "streamvid") for name in TORCH),
    ],
)
def test_each_package_has_one_home(package, home):
    strays = [str(i) for f in OURS if f != home for i in tree(f) if i.within(package)]
    assert strays == []


@pytest.mark.parametrize("folder", ["streamvid", "capture", "memory"])
def test_below_apps_only_programs_of_their_own_parse_arguments(folder):
    strays = [i for i in tree(folder) if i.within("click", "rich", "argparse")]
    assert [str(i) for i in strays if i.file.name != "__main__.py"] == []


@pytest.mark.parametrize(
    "part", ["engine", "ingest", "answer", "live", "recorded.py", "session.py"]
)
def test_what_stands_above_the_seam_never_sees_torch(part):
    path = ROOT / "streamvid" / part
    files = [path] if path.suffix else sorted(path.rglob("*.py"))
    strays = [str(i) for file in files for i in imports_of(file) if i.within(*TORCH)]
    assert strays == []


def test_apps_take_only_values_from_capture_and_memory():
    for found in tree("apps"):
        if not found.within("capture", "memory"):
            continue
        assert found.names, f"{found}; name the value types instead"
        module = importlib.import_module(found.module)
        for name in found.names:
            value = getattr(module, name)
            assert isinstance(value, type), f"{found}: {name} is no type"
            frozen = dataclasses.is_dataclass(value) and value.__dataclass_params__.frozen
            assert frozen or issubclass(value, enum.Enum), f"{found}: {name} is no value type"


def test_every_foreign_package_is_pinned():
    pinned = (ROOT / "requirements.txt").read_text().lower()
    names = {"PIL": "pillow", "cv2": "opencv-python-headless", "faiss": "faiss-cpu"}
    foreign_roots = {
        root
        for folder in OURS
        for found in tree(folder)
        if (root := found.module.split(".")[0]) not in (*STDLIB, *OURS)
    }
    assert {"torch", "av", "click"} <= foreign_roots
    # tokenizers comes with transformers, which pins it closely.
    missing = {r for r in foreign_roots if f"\n{names.get(r, r)}==" not in f"\n{pinned}"}
    assert missing <= {"tokenizers"}


@pytest.mark.parametrize("folder", OURS)
def test_nothing_imports_tests_or_benchmarks(folder):
    assert [str(i) for i in tree(folder) if i.within("tests", "benchmarks")] == []


@pytest.mark.parametrize("folder", OURS)
def test_imports_are_absolute_and_sys_path_is_left_alone(folder):
    assert [str(i) for i in tree(folder) if i.level] == []
    edits = [
        str(file.relative_to(ROOT))
        for file in sorted((ROOT / folder).rglob("*.py"))
        if "sys.path" in file.read_text(encoding="utf-8")
    ]
    assert edits == []


@pytest.mark.parametrize("package", ["apps.cli", "capture", "memory", "streamvid"])
def test_importing_a_package_loads_nothing_heavy(package):
    code = (
        f"import sys, {package}; heavy = {{'torch', 'transformers', 'av', 'cv2', 'faiss',"
        " 'bitsandbytes'}; print(sorted(heavy & set(sys.modules)))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert finished.stdout.strip() == "[]"
