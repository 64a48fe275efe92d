"""``streamvid flops``: what a LLaVA-Mini costs, by component, before anything is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from apps.cli.options import print_document, say
from apps.errors import ModelNameError

if TYPE_CHECKING:
    from streamvid.model.llava_mini.config import LlavaMiniConfig
    from streamvid.model.llava_mini.cost import PartCost, TowerShape

_PAPER_TEXT_TOKENS = 40
_EPILOG = """\b
Examples:
  streamvid flops
  streamvid flops --model llava-mini-vicuna-7b --text-tokens 40
  streamvid flops --model path/to/checkpoint --frames 10800 --quantize nf4

\b
A multiplication and its addition are two FLOPs; attention counts whole, as torch's counter and the
paper's totals count it. Everything depends on the length of the text: it is stated first.
"""


@click.command(epilog=_EPILOG)
@click.option(
    "--model",
    default="llava-mini-llama-3.1-8b",
    show_default=True,
    metavar="NAME",
    help="A checkpoint's folder, llava-mini-llama-3.1-8b or llava-mini-vicuna-7b.",
)
@click.option(
    "--text-tokens",
    default=_PAPER_TEXT_TOKENS,
    show_default=True,
    type=click.IntRange(1),
    help="Tokens of the whole prompt without the picture.",
)
@click.option(
    "--frames",
    default=10_800,
    show_default=True,
    type=click.IntRange(1),
    help="Frames of the video beside the pictures.",
)
@click.option(
    "--quantize",
    type=click.Choice(["none", "nf4"]),
    default="none",
    show_default=True,
    help="How the decoder layers' weights are kept.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document (docs/json.md).")
def flops(*, model: str, text_tokens: int, frames: int, quantize: str, as_json: bool) -> None:
    """Print FLOPs, bytes of weights, caches and activations of a LLaVA-Mini, by component.

    For a picture, an HD picture (2 x 2 crops and the whole) and a video, each asked one question
    as the reference asks it: every frame fused with the whole prompt.
    """
    from streamvid.model.llava_mini.cost import (
        Work,
        context_tokens,
        costs,
        decode_flops,
        total_flops,
        uncompressed_flops,
    )

    config, tower = read_sizes(model)
    works = {
        "picture": Work(text_tokens=text_tokens),
        "HD picture": Work(parts=5, text_tokens=text_tokens),
        f"{frames} frames": Work(frames=frames, text_tokens=text_tokens),
    }
    tables = {
        name: costs(config, tower, work, quantized=quantize == "nf4")
        for name, work in works.items()
    }
    if as_json:
        print_document(
            {
                "model": model,
                "text_tokens": text_tokens,
                "quantize": quantize,
                "works": [
                    {
                        "name": name,
                        "frames": works[name].frames,
                        "parts": works[name].parts,
                        "context_tokens": context_tokens(config, works[name]),
                        "flops": total_flops(parts),
                        "decode_flops": decode_flops(config, context_tokens(config, works[name])),
                        "components": [_document(part) for part in parts],
                    }
                    for name, parts in tables.items()
                ],
            }
        )
        return
    click.echo(f"{model}: {text_tokens} tokens of text, {tower.patches} patches a part")
    for name, parts in tables.items():
        tokens = context_tokens(config, works[name])
        click.echo(f"\n{name}: {tokens} tokens for the language model")
        click.echo(f"  {'':15}{'TFLOP':>12}{'weights':>11}{'cache':>11}{'activations':>13}")
        for part in parts:
            click.echo(_line(part))
        click.echo(f"  {'in all':15}{total_flops(parts) / 1e12:>12.3f}")
        click.echo(f"  {'a token after':15}{decode_flops(config, tokens) / 1e12:>12.4f}")
    plain = uncompressed_flops(config, tower, works["picture"])
    click.echo(f"\nThe picture without compression (LLaVA-v1.5's way): {plain / 1e12:.3f} TFLOP")


def _line(part: PartCost) -> str:
    sizes = (part.weight_bytes, part.cache_bytes, part.activation_bytes)
    columns = [f"{size / 2**20:.0f} MiB" if size else "-" for size in sizes]
    return f"  {part.name:15}{part.flops / 1e12:>12.3f}{columns[0]:>11}{columns[1]:>11}" + (
        f"{columns[2]:>13}"
    )


def _document(part: PartCost) -> dict[str, object]:
    return {
        "name": part.name,
        "flops": part.flops,
        "weight_bytes": part.weight_bytes,
        "cache_bytes": part.cache_bytes,
        "activation_bytes": part.activation_bytes,
    }


def read_sizes(model: str) -> tuple[LlavaMiniConfig, TowerShape]:
    """Sizes of a checkpoint's folder or of a known model. Raises ModelNameError."""
    from streamvid.model.errors import WeightsError
    from streamvid.model.llama import ConfigError
    from streamvid.model.llava_mini.config import LlavaMiniConfig, read_json
    from streamvid.model.llava_mini.cost import CLIP_L_336, tower_shape
    from streamvid.model.llava_mini.known_configs import KNOWN_CONFIGS
    from streamvid.model.llava_mini.loading import tower_beside

    if (known := KNOWN_CONFIGS.get(model)) is not None:
        return known, CLIP_L_336
    folder = Path(model).expanduser()
    if not (folder / "config.json").exists():
        names = ", ".join(KNOWN_CONFIGS)
        raise ModelNameError(f"no config.json in {model!r}; pass a checkpoint's folder or {names}")
    try:
        config = LlavaMiniConfig.read(folder)
    except (WeightsError, ConfigError) as error:
        raise ModelNameError(str(error)) from error
    try:
        beside = tower_beside(folder, config)
    except WeightsError:
        beside = None
    if beside is None:
        say(f"{config.vision_tower} is not at hand; reckoned as CLIP ViT-L/14 at 336 pixels")
        return config, CLIP_L_336
    return config, tower_shape(read_json(beside / "config.json"), config.vision_layer)
