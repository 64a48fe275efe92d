"""Docs that run: pages written by the program are fresh, and nothing they name is missing."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from apps.cli.program import program
from apps.cli.reference import cli_page, settings_page
from apps.settings import VARIABLE_PREFIX

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def console_lines(tool: str) -> list[str]:
    """Commands that start with ``tool`` in any page's console blocks, comments cut off."""
    found = []
    for page in PAGES:
        for block in blocks(page, "console"):
            for line in block.splitlines():
                words = shlex.split(line.removeprefix("$ "), comments=True)
                if line.startswith("$ ") and words and words[0] == tool:
                    found.append(line.removeprefix("$ "))
    return found


@pytest.mark.parametrize(("name", "page"), [("cli.md", cli_page), ("settings.md", settings_page)])
def test_written_pages_are_fresh(name, page):
    written = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert written == page(), f"docs/{name} is old; run make docs"


def test_every_command_and_flag_is_documented():
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    flags = 0
    for name, command in program.commands.items():
        assert f"streamvid {name}" in text
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{name} {parameter.opts} has no help"
                assert all(option in text for option in parameter.opts)
                flags += 1
    assert flags > 20


@pytest.mark.parametrize("name", sorted(program.commands))
def test_every_help_shows_an_example_that_parses(name):
    command = program.commands[name]
    examples = [
        line.strip()
        for line in (command.epilog or "").splitlines()
        if line.strip().startswith("streamvid ")
    ]
    assert examples, f"{name} --help has no example"
    for example in examples:
        check_arguments(example)


def check_arguments(line: str) -> None:
    """Parse a ``streamvid`` command line with the real parser, without running it."""
    _, name, *arguments = shlex.split(line, comments=True)
    program.commands[name].make_context(name, arguments)


def test_commands_in_the_pages_parse():
    lines = console_lines("streamvid")
    assert len(lines) >= 3
    for line in lines:
        check_arguments(line)


def test_make_targets_in_the_pages_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    lines = console_lines("make")
    assert lines
    for line in lines:
        assert shlex.split(line)[1] in targets, f"no target for {line!r}"


def test_the_makefile_stays_short():
    assert len((ROOT / "Makefile").read_text().splitlines()) <= 40


def test_links_between_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name} links to missing {target}"


@pytest.mark.parametrize("page", [ROOT / "README.md"], ids=lambda page: page.name)
def test_python_blocks_run(page, tmp_path):
    code = blocks(page, "python")
    assert code
    for block in code:
        subprocess.run(
            [sys.executable, "-c", block],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT), "PATH": ""},
            check=True,
            timeout=60,
        )


def test_requirements_are_exact():
    for file in [*ROOT.glob("requirements*.txt"), ROOT / "constraints.txt"]:
        lines = [line for line in file.read_text().splitlines() if line and line[0] != "#"]
        assert lines
        for line in lines:
            assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line), f"{file.name}: {line}"


def test_packaged_weights_are_pinned():
    from streamvid.model.nano import packages

    pinned = (ROOT / "requirements-weights.txt").read_text()
    terms = (ROOT / "WEIGHTS.md").read_text()
    files = [f for f in vars(packages).values() if isinstance(f, packages.PackagedFile)]
    assert files
    for file in files:
        assert f"{file.package}==" in pinned
        assert f"`{file.package}`" in terms


def test_the_settings_page_names_the_variables_prefix():
    assert f"`{VARIABLE_PREFIX}`" in settings_page()
