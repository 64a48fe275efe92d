"""Command line of training: ``python -m streamvid.training CAPTIONS --work DIR``."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import click

_CLOSING_YES = 1.65
"""A mean of weights says no more readily than each of them: what a yes weighs against that."""


class Steps(click.ParamType[tuple[int, ...]]):
    """Rising numbers of steps with commas between: ``900,3700``."""

    name = "N,N,…"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """The numbers; fails on anything else."""
        try:
            steps = tuple(int(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is not a number of steps, nor several as in 900,3700", param, ctx)
        if min(steps) < 0 or list(steps) != sorted(set(steps)):
            self.fail(f"{value!r} does not rise; write as in 900,3700", param, ctx)
        return steps


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
    "--main-steps",
    type=Steps(),
    default="900,3700",
    show_default=True,
    help="Everything trains, level rate. At each of these a cool-down branches off.",
)
@click.option(
    "--cooldown-steps", default=300, show_default=True, help="The rate falls to nothing; 0: none."
)
@click.option(
    "--closing-steps",
    default=150,
    show_default=True,
    help="From the mean of all cooled weights; 0: none.",
)
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
    main_steps: tuple[int, ...],
    cooldown_steps: int,
    closing_steps: int,
    threads: int,
    seed: int,
    bf16: bool,
    compiled: bool,
    start_from: Path | None,
    ship: Path | None,
) -> None:
    """Train nano on CAPTIONS, a folder with captions.jsonl and qa.jsonl (or one) and pictures.

    Stages: features and retrieval head, warm-up, main with its cool-downs, closing. Killed at any
    time, the same command goes on from the last checkpoint (at most ten minutes back). One more
    number in --main-steps prolongs the main stage and adds a cool-down to the mean.

    Example: python -m streamvid.training my/captions --work runs/nano --ship runs/weights
    """
    import torch

    from streamvid.model.errors import WeightsError
    from streamvid.model.nano.prompt import Prompt
    from streamvid.training import shipping
    from streamvid.training.material import likeness, prepare, sightings
    from streamvid.training.mixture import Mixture, MixtureSettings
    from streamvid.training.network import Network
    from streamvid.training.stages import CLOSING, COOLDOWN, MAIN, WARMUP
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
            MixtureSettings(yes_weight=yes_weight),
            seed=seed,
        )
        for examples, turns, yes_weight in (
            (material.train, maker, 1.0),
            (material.dev, maker, 1.0),
            (material.train, plain, 1.0),
            (material.train, plain, _CLOSING_YES),
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
    cooled = []
    for steps in main_steps:
        # Named by where it branched off: a prolonged main stage gets a cool-down of its own.
        name = f"cooldown-{steps}"
        cooling = trainer.steps_done(name) or cooldown_steps == 0
        if not cooling and (past := trainer.steps_done(MAIN.name)) > steps:
            raise click.ClickException(
                f"the main stage in {work} is at step {past}: no cool-down can branch off at "
                f"{steps} any more; leave {steps} out of --main-steps, or use another --work"
            )
        trainer.run(MAIN, steps)
        if cooldown_steps:
            trainer.run(replace(COOLDOWN, name=name), cooldown_steps, mixture=mixtures[2])
            cooled.append(name)
    if cooled and closing_steps:
        name = "-".join([CLOSING.name, *map(str, main_steps)])
        trainer.start_at_mean(cooled)
        trainer.run(replace(CLOSING, name=name), closing_steps, mixture=mixtures[3])
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
