"""Command line of training: ``python -m streamvid.training CAPTIONS --work DIR``."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import click


@click.command()
@click.argument("captions", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--work",
    type=click.Path(path_type=Path),
    default=Path("runs/nano"),
    show_default=True,
    help="Folder for features, checkpoints and figures; a second run goes on from it.",
)
@click.option("--warmup-steps", default=200, show_default=True, help="Language model frozen.")
@click.option(
    "--main-steps", default=5000, show_default=True, help="Everything trains, level rate."
)
@click.option("--cooldown-steps", default=600, show_default=True, help="The rate falls to nothing.")
@click.option("--threads", default=2, show_default=True, help="Processor threads.")
@click.option("--seed", default=0, show_default=True, help="Of data order and initial weights.")
@click.option(
    "--bf16/--fp32", default=True, show_default=True, help="bf16 pays with AVX512-bf16 or AMX only."
)
@click.option(
    "--compile/--eager", "compiled", default=False, help="Compile the layers; needs a C++ compiler."
)
@click.option(
    "--start-from",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Trained weights to go on from, such as streamvid/model/nano/weights.",
)
@click.option("--ship", type=click.Path(path_type=Path), help="Write the trained weights here.")
def main(
    captions: Path,
    work: Path,
    warmup_steps: int,
    main_steps: int,
    cooldown_steps: int,
    threads: int,
    seed: int,
    bf16: bool,
    compiled: bool,
    start_from: Path | None,
    ship: Path | None,
) -> None:
    """Train nano on CAPTIONS, a folder with captions.jsonl and qa.jsonl (or one) and pictures.

    Stages: features and retrieval head, warm-up, main, cool-down. Killed at any time, the same
    command goes on from the last checkpoint (at most ten minutes back). More --main-steps prolong
    the main stage; the cool-down is then done anew.

    Example: python -m streamvid.training my/captions --work runs/nano --ship runs/weights
    """
    import torch

    from streamvid.model.errors import WeightsError
    from streamvid.model.nano.prompt import Prompt
    from streamvid.training import shipping
    from streamvid.training.material import likeness, prepare, sightings
    from streamvid.training.mixture import Mixture, MixtureSettings
    from streamvid.training.network import Network
    from streamvid.training.stages import COOLDOWN, MAIN, WARMUP
    from streamvid.training.trainer import Trainer, TrainerSettings
    from streamvid.training.turns import TurnMaker, TurnsError

    began = time.monotonic()

    def say(line: str) -> None:
        click.echo(f"{time.monotonic() - began:7.0f} s  {line}", err=True)

    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    try:
        material = prepare(captions, work, seed=seed, say=say)
    except (TurnsError, WeightsError, OSError) as error:
        raise click.ClickException(str(error)) from error
    prompt = Prompt(material.language_folder)
    network = Network(material.language_folder)
    network.vision.copy_frozen(material.tower)
    network.vision.retrieval.load_state_dict(material.head.state_dict())
    network.name_classes(prompt)
    if start_from:
        try:
            shipping.start_from(network, start_from, material.language_folder)
        except WeightsError as error:
            raise click.ClickException(str(error)) from error
    if compiled:
        network.compile_layers()
    maker = TurnMaker(material.train, seed=seed, likeness=likeness, sightings=sightings(material))
    # Hard noes teach to look closely, but a person asks about anything: single pictures are asked
    # more so at last, or the model would say no too often; with none of them it would too.
    plain = maker.for_cooldown()
    mixtures = [
        Mixture(
            examples,
            [material.numbers[example.image] for example in examples],
            turns,
            MixtureSettings(),
            seed=seed,
        )
        for examples, turns in (
            (material.train, maker),
            (material.dev, maker),
            (material.train, plain),
        )
    ]
    trainer = Trainer(
        network,
        prompt,
        material,
        mixtures[0],
        mixtures[1],
        work,
        settings=TrainerSettings(bf16=bf16),
        say=say,
    )
    trainer.run(WARMUP, warmup_steps)
    trainer.run(MAIN, main_steps)
    if cooldown_steps:
        # Named by where it branched off: a prolonged main stage gets a cool-down of its own.
        stage = replace(COOLDOWN, name=f"cooldown-{main_steps}")
        trainer.run(stage, cooldown_steps, mixture=mixtures[2])
    if ship:
        frozen = {
            f"vision.retrieval.{name}": tensor.float()
            for name, tensor in material.head.state_dict().items()
        }
        shipping.ship_weights(
            trainer.masters.tensors, frozen, material.language_folder, ship, say=say
        )


if __name__ == "__main__":
    main()
