"""A course of training: batch after batch, losses written down, states to go on from.

Ended at any moment, the same course goes on from its last state.
"""

from __future__ import annotations

import json
import math
import pickle
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from streamvid.model.llava_mini.prompt import Prompt
from streamvid.training.llava_mini.conversation import conversation
from streamvid.training.llava_mini.errors import CourseError, DivergedError
from streamvid.training.llava_mini.examples import Example, batch_at
from streamvid.training.llava_mini.media import Media
from streamvid.training.llava_mini.training import Lesson, LlavaMiniTrainer
from streamvid.training.stages import LlavaMiniStageName, warmed_cosine

_SAY_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a course is; two runs with equal plans over equal examples are one course.

    ``rate`` multiplies the stage's rates; ``source`` and ``examples`` are digests of the checkpoint
    that it starts from and of what it learns.
    """

    stage: LlavaMiniStageName
    steps: int
    batch: int
    rate: float
    seed: int
    dtype: str
    geometry: str
    source: str
    examples: str


class Course:
    """Takes ``plan``'s steps over ``examples``; everything it writes is in ``folder``.

    ``losses.jsonl`` gets a line a step: step, loss, rate (the factor on the stage's rates),
    answer_tokens, step_s. ``state.pt`` is what it goes on from.
    """

    def __init__(
        self,
        trainer: LlavaMiniTrainer,
        examples: Sequence[Example],
        folder: Path,
        plan: Plan,
        *,
        prompt: Prompt,
        media: Media,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._trainer, self._examples, self._plan = trainer, examples, plan
        self._prompt, self._media = prompt, media
        self._say, self._clock = say, clock
        self._state, self._losses = folder / "state.pt", folder / "losses.jsonl"
        self.done = self._resumed()
        """Steps that are taken."""
        self.saved = self.done
        """Steps that the last saved state has."""

    def run(self, *, save_every_s: float, save_every_steps: int | None = None) -> None:
        """Take all steps that are left, the state saved at least so often and at the end.

        Raises DivergedError, with the last good state kept, where the loss is no number.
        """
        saved_s = said_s = began_s = self._clock()
        first = self.done
        with self._losses.open("a", encoding="utf-8") as file:
            while self.done < self._plan.steps:
                line = self._step()
                file.write(json.dumps(line) + "\n")
                file.flush()
                now_s = self._clock()
                due = save_every_steps is not None and self.done % save_every_steps == 0
                if due or now_s - saved_s >= save_every_s or self.done == self._plan.steps:
                    self._save()
                    saved_s = now_s
                if now_s - said_s >= _SAY_EVERY_S or self.done in (first + 1, self._plan.steps):
                    left_s = (now_s - began_s) / (self.done - first)
                    left_s *= self._plan.steps - self.done
                    self._say(
                        f"step {self.done}/{self._plan.steps}: loss {line['loss']:.3f},"
                        f" {left_s:.0f} s left"
                    )
                    said_s = now_s

    def _step(self) -> dict[str, float]:
        plan, began_s = self._plan, self._clock()
        chosen = batch_at(len(self._examples), plan.batch, self.done, seed=plan.seed)
        lessons = [self._lesson(self._examples[one]) for one in chosen]
        factor = plan.rate * warmed_cosine(self.done, plan.steps)
        loss = self._trainer.step(lessons, rate=factor)
        if not math.isfinite(loss):
            raise DivergedError(
                f"the loss is {loss} at step {self.done + 1}; go on from step {self.saved} with a"
                " lower --rate in another --out"
            )
        self.done += 1
        return {
            "step": self.done,
            "loss": loss,
            "rate": factor,
            "answer_tokens": sum(lesson.told.answer_tokens for lesson in lessons),
            "step_s": round(self._clock() - began_s, 4),
        }

    def _lesson(self, example: Example) -> Lesson:
        told = conversation(self._prompt, example.turns)
        return Lesson(told, lambda: self._media.pixels(example))

    def _save(self) -> None:
        scratch = self._state.with_suffix(".tmp")
        torch.save(
            {"plan": asdict(self._plan), "done": self.done, **self._trainer.state()}, scratch
        )
        scratch.replace(self._state)
        self.saved = self.done

    def _resumed(self) -> int:
        """Take up the state in the folder, if there is one; gives its steps."""
        self._state.parent.mkdir(parents=True, exist_ok=True)
        if not self._state.is_file():
            self._losses.unlink(missing_ok=True)
            return 0
        try:
            stored = torch.load(self._state, weights_only=True)
            theirs, done = stored["plan"], int(stored["done"])
        except (pickle.UnpicklingError, OSError, RuntimeError, KeyError, TypeError) as error:
            raise CourseError(f"{self._state} cannot be read; remove it to begin anew") from error
        for name, mine in asdict(self._plan).items():
            if theirs.get(name) != mine:
                raise CourseError(
                    f"{self._state} is of another course: its {name} is {theirs.get(name)!r}, not"
                    f" {mine!r}; give the same, or another --out"
                )
        self._trainer.load(stored)
        kept = [line for line in _lines(self._losses) if json.loads(line)["step"] <= done]
        scratch = self._losses.with_suffix(".tmp")
        scratch.write_text("".join(kept), encoding="utf-8")
        scratch.replace(self._losses)
        self._say(f"going on from step {done}")
        return done


def _lines(path: Path) -> list[str]:
    """Whole lines of a file, which may be missing."""
    if not path.is_file():
        return []
    return [
        line
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True)
        if line.endswith("\n")
    ]
