"""``streamvid plan``: what of a LLaVA-Mini fits on a device, before anything is loaded."""

from __future__ import annotations

import click

from apps.cli.flops import read_sizes
from apps.cli.options import print_document
from apps.cli.sizes import Bytes
from apps.errors import AppError

_EPILOG = """\b
Examples:
  streamvid plan --vram 24GB --hours 24 --sources 4
  streamvid plan --model path/to/checkpoint --vram 12GB --hours 3 --tflops 70

\b
Nothing is measured: sizes come from the configuration, and frames a second from the products that
--tflops says the device keeps up in bf16.
"""


@click.command(epilog=_EPILOG)
@click.option(
    "--model",
    default="llava-mini-llama-3.1-8b",
    show_default=True,
    metavar="NAME",
    help="A checkpoint's folder, llava-mini-llama-3.1-8b or llava-mini-vicuna-7b.",
)
@click.option("--vram", type=Bytes(), required=True, metavar="SIZE", help="Memory of the device.")
@click.option(
    "--hours",
    type=click.FloatRange(min=0, min_open=True),
    default=3.0,
    show_default=True,
    help="How long each source is watched.",
)
@click.option(
    "--sources",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Cameras or files watched at once.",
)
@click.option("--hd", is_flag=True, help="Frames as 2 x 2 crops and the whole.")
@click.option(
    "--tflops",
    type=click.FloatRange(min=0, min_open=True),
    default=50.0,
    show_default=True,
    help="Of products in bf16 that the device keeps up.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document (docs/json.md).")
def plan(
    *,
    model: str,
    vram: int,
    hours: float,
    sources: int,
    hd: bool,
    tflops: float,
    as_json: bool,
) -> None:
    """Say what fits: precision, batch, view and caches, frames a second, and why.

    Ends with exit code 1 where the model does not fit, or cannot keep up with the sources.
    """
    from streamvid.model.errors import ModelError
    from streamvid.model.llava_mini.plan import Demand, make_plan

    config, tower = read_sizes(model)
    demand = Demand(vram, hours, sources, 5 if hd else 1, tflops * 1e12)
    try:
        made = make_plan(config, tower, demand)
    except ModelError as error:
        raise AppError(str(error)) from error
    keeps_up = made.frames_per_s >= sources
    if as_json:
        print_document(
            {
                "model": model,
                "precision": made.precision,
                "encode_batch": made.encode_batch,
                "view_tokens": made.view_tokens,
                "merged_view": made.merged_view,
                "fusion_frames": made.fusion_frames,
                "frames_per_s": made.frames_per_s,
                "keeps_up": keeps_up,
                "total_bytes": made.total_bytes,
                "items": [
                    {"name": item.name, "bytes": item.nbytes, "why": item.why}
                    for item in made.items
                ],
            }
        )
    else:
        click.echo(
            f"{model}: {made.precision}, {made.total_bytes / 1e9:.1f} of {vram / 1e9:.1f} GB"
        )
        for item in made.items:
            click.echo(f"  {item.name:20}{item.nbytes / 1e9:>8.2f} GB  {item.why}")
        click.echo(
            f"{made.frames_per_s:.1f} frames/s at {tflops:g} TFLOP/s"
            f" for {sources} source{'s' if sources > 1 else ''} of one frame a second"
        )
    if not keeps_up:
        raise AppError(
            f"{made.frames_per_s:.2f} frames/s are fewer than {sources} sources bring;"
            " watch fewer, or use a faster device"
        )
