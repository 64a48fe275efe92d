"""Command line of LLaVA-Mini's training: ``python -m streamvid.training.llava_mini``."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streamvid.training.stages import LlavaMiniStageName

if TYPE_CHECKING:  # torch comes in when training begins
    from streamvid.model.llava_mini.pixels import Geometry

_STAGES: Mapping[str, LlavaMiniStageName] = {"1": "alignment", "2": "instruction"}
_INTERRUPTED = 130


@click.command()
@click.argument("checkpoint", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("data", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--stage",
    type=click.Choice(list(_STAGES)),
    required=True,
    help="1: the projector alone, on whole patches; 2: everything but the vision tower.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder for state, losses.jsonl and the checkpoint; the same command goes on from it.",
)
@click.option(
    "--media",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that pictures and videos are named in; without it the folder of DATA.",
)
@click.option(
    "--tower",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the vision tower, where it is neither in CHECKPOINT nor beside it.",
)
@click.option("--steps", type=click.IntRange(1), help="Steps; without it those of --epochs.")
@click.option(
    "--epochs", type=click.IntRange(1), help="Passes over DATA. [default: 1 in stage 1, 2 in 2]"
)
@click.option(
    "--batch", type=click.IntRange(1), default=256, show_default=True, help="Examples in a step."
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Factor on the paper's learning rates.",
)
@click.option("--seed", default=0, show_default=True, help="Of the order of examples.")
@click.option(
    "--template",
    metavar="NAME",
    help="Prompt template; without it the tokenizer's own, or llava_v1.",
)
@click.option(
    "--geometry",
    type=click.Choice(["stretch", "square", "pad"]),
    help="How pictures become squares; without it the checkpoint's image_aspect_ratio.",
)
@click.option(
    "--save-every-s",
    type=click.FloatRange(min=0),
    default=600.0,
    show_default=True,
    help="Seconds between two saved states: so much is lost at most when it is interrupted.",
)
@click.option("--save-every-steps", type=click.IntRange(1), help="Steps between two saved states.")
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True)
@click.option("--device", default="cpu", show_default=True, help="cpu or cuda.")
@click.option(
    "--fp32/--bf16", default=True, show_default=True, help="Type of products; masters are fp32."
)
def main(
    checkpoint: Path,
    data: Path,
    stage: str,
    out: Path,
    media: Path | None,
    tower: Path | None,
    steps: int | None,
    epochs: int | None,
    batch: int,
    rate: float,
    seed: int,
    template: str | None,
    geometry: Geometry | None,
    save_every_s: float,
    save_every_steps: int | None,
    threads: int,
    device: str,
    fp32: bool,
) -> None:
    """Train the LLaVA-Mini in the folder CHECKPOINT on DATA, a stage of the paper's Table 9.

    DATA is a JSON list in LLaVA's layout: {"id", "image", "conversations": [{"from": "human",
    "value": "<image>\\n..."}, {"from": "gpt", "value": "..."}]}; "video" may stand for "image".
    Interrupted at any time, the same command goes on from its last saved state. At the end
    OUT/checkpoint holds the trained checkpoint, in the format of the one it came from, and its path
    is printed.

    Example: python -m streamvid.training.llava_mini llava-mini chats.json --stage 2 --out runs/two
    """
    from streamvid.errors import StreamvidError
    from streamvid.model.errors import ModelError
    from streamvid.training.llava_mini.begin import Wish, begin

    began_s = time.monotonic()

    def say(line: str) -> None:
        click.echo(f"{time.monotonic() - began_s:7.0f} s  {line}", err=True)

    wish = Wish(
        checkpoint=checkpoint, data=data, stage=_STAGES[stage], out=out, media=media or data.parent,
        tower=tower, steps=steps, epochs=epochs, batch=batch, rate=rate, seed=seed,
        template=template, geometry=geometry, threads=threads, device=device, fp32=fp32,
    )  # fmt: skip
    try:
        begun = begin(wish, say=say)
        course = begun.course
        try:
            course.run(save_every_s=save_every_s, save_every_steps=save_every_steps)
        except KeyboardInterrupt:
            say(f"interrupted; the same command goes on from step {course.saved}")
            sys.exit(_INTERRUPTED)
        click.echo(begun.finish())
    except (StreamvidError, ModelError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
