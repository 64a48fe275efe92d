"""Command line of evaluation: ``python -m streamvid.evaluation --captions DIR --out DIR``."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_NEVER_S = 1e9


@click.command()
@click.option("--captions", type=_FOLDER, help="Folder with captions.jsonl, qa.jsonl, yesno.jsonl.")
@click.option("--split", default="dev", show_default=True, help="Which pictures of it.")
@click.option("--videos", type=_FILE, help="manifest.jsonl of clips with questions.")
@click.option(
    "--long", "hours", default=0.0, show_default=True, help="Hours of a film made of both; 0: none."
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder for what is found."
)
@click.option(
    "--weights", type=_FOLDER, help="Trained weights; default: those that come with streamvid."
)
@click.option(
    "--cache", type=click.Path(path_type=Path), help="Converted weights; default: the usual folder."
)
@click.option("--precision", default="auto", show_default=True, help="auto, fp32, bf16 or int8.")
@click.option("--weighting", default="span", show_default=True, help="span or focus.")
@click.option("--threads", default=0, show_default=True, help="Processor threads; 0: all.")
@click.option("--seed", default=0, show_default=True, help="Of the film and of wrong pictures.")
def main(
    captions: Path | None,
    split: str,
    videos: Path | None,
    hours: float,
    out: Path,
    weights: Path | None,
    cache: Path | None,
    precision: str,
    weighting: str,
    threads: int,
    seed: int,
) -> None:
    """Ask nano everything that there are answers for, and write how often it was right.

    OUT/eval.json has {key: {value, count, wrong, chance}}: `wrong` is the same figure with every
    picture or clip replaced by another, `chance` what guessing gives. OUT/answers.jsonl has every
    answer beside the expected one, OUT/table.txt the figures as a table. Parts without data are
    left out. How far it is goes to stderr. Ctrl-C keeps all answers so far, and the figures of
    parts that were finished; the same command goes on from there, if neither the weights nor the
    program have changed.

    With --long the clips' questions are asked of the whole film too. Of it they have other true
    answers, so they count nowhere: they are printed, and OUT/whole_film.txt has them for reading
    (OUT/answers.jsonl under the key whole_film).

    Example: python -m streamvid.evaluation --captions my/captions --out out/eval
    """
    import torch

    import capture
    import memory
    import streamvid
    from streamvid.evaluation.errors import EvaluationError
    from streamvid.evaluation.kept_replies import KeepingWatcher, KeptReplies, stamp
    from streamvid.evaluation.report import table
    from streamvid.evaluation.run import Data, evaluate
    from streamvid.evaluation.session_watcher import SessionWatcher
    from streamvid.model.nano.loading import load_nano
    from streamvid.session import Session
    from streamvid.settings import Settings
    from streamvid.training.turns import TurnsError

    began_s = time.monotonic()

    def say(line: str) -> None:
        click.echo(f"{time.monotonic() - began_s:7.0f} s  {line}", err=True)

    if threads:
        torch.set_num_threads(threads)
    try:
        data = Data(captions, split, videos, hours)
        model = load_nano(
            cache=cache or _usual_cache(),
            weights=weights,
            precision=precision,  # type: ignore[arg-type]
            say=say,
        )
        say(model.language_model)
        settings = Settings(
            weighting=weighting,  # type: ignore[arg-type]
            two_pass_min_s=_NEVER_S,  # nobody asks before all is watched
        )
        with Session(out / "home", lambda: model, settings=settings) as session:
            facts = (model.fingerprint, model.language_model, weighting, str(threads))
            code = [Path(part.__path__[0]) for part in (capture, memory, streamvid)]
            made_by = stamp(facts, [*code, *([weights] if weights else [])])
            with KeptReplies(out, made_by) as kept:
                if kept.found:
                    say(f"going on from {kept.found} replies of a run that was stopped")
                watcher = KeepingWatcher(SessionWatcher(session, model, out, say=say), kept)
                figures = evaluate(watcher, data, out, seed=seed, progress=say)
    except KeyboardInterrupt:
        say(f"stopped; what was found so far is in {out}, and the same command goes on from it")
        raise SystemExit(130) from None
    except (EvaluationError, TurnsError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(table(figures))
    if (out / "whole_film.txt").is_file():
        click.echo(
            f"\nAsked of the whole film, not scored:\n{(out / 'whole_film.txt').read_text()}"
        )


def _usual_cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "streamvid"


if __name__ == "__main__":
    main()
