"""What a training step is made of: rows about single pictures and rows about films of pictures."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from streamvid.training.features import VIEWS
from streamvid.training.rows import Frame, Row
from streamvid.training.turns import Example, Turn, TurnMaker

_SIDED = re.compile(r"\b(?:left|right)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MixtureSettings:
    """Sizes of the rows.

    A film has up to ``scenes`` pictures. The films of one step last up to one of ``lengths_s``
    seconds, drawn with ``length_weights``: the default view is the longest, and rare, since a row
    costs by the second.
    """

    pictures: int = 16
    picture_turns: int = 5
    films: int = 5
    film_turns: int = 7
    scenes: int = 12
    lengths_s: tuple[int, ...] = (24, 64, 256, 1024)
    length_weights: tuple[float, ...] = (0.5, 0.3, 0.15, 0.05)
    step_seconds: int = 1100
    film_share: float = 0.4
    scene_share: float = 0.45
    """Of the films: how many show one scene throughout, as most clips do."""
    asked_as_film: float = 0.6
    """Of those: how many are asked about as a film is, not as a picture is."""
    yes_weight: float = 1.0
    """What a yes counts in the loss beside a no: its logarithm is how far the odds move."""


class Mixture:
    """Endless batches of rows from ``examples``; ``numbers[i]`` is example i in the feature cache.

    Every picture comes up once before any comes up again. Deterministic by seed and step, so that a
    resumed run sees what an uninterrupted one would have seen.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        numbers: Sequence[int],
        maker: TurnMaker,
        settings: MixtureSettings,
        *,
        seed: int,
    ) -> None:
        self.examples, self.numbers, self.maker = examples, numbers, maker
        self.settings, self.seed = settings, seed
        self._sided = [_is_sided(example) for example in examples]

    def rows(self, step: int, *, films: bool) -> list[Row]:
        """The rows of step number ``step``: pictures, or films where ``films`` allows and falls."""
        rng = random.Random(f"{self.seed}/{step}")
        if films and rng.random() < self.settings.film_share:
            length_s = rng.choices(self.settings.lengths_s, self.settings.length_weights)[0]
            count = min(self.settings.films, max(1, self.settings.step_seconds // length_s))
            rows = [self.film_or_scene(rng, length_s) for _ in range(count)]
        else:
            rows = [self.picture(i, rng) for i in self._next_pictures(step)]
        return [self._weighed(row) for row in rows]

    def picture(self, number: int, rng: random.Random) -> Row:
        """One picture with its turns."""
        turns = self.maker.picture_turns(self.examples[number], rng, self.settings.picture_turns)
        return Row(
            frames=(self._frame(number, rng),),
            order=(0,),
            prefix_weights=(1.0,),
            question_weights=(1.0,),
            turns=tuple(turns),
        )

    def film_or_scene(self, rng: random.Random, length_s: int) -> Row:
        """A film of several scenes, or now and then of one."""
        if rng.random() < self.settings.scene_share:
            return self.scene(rng, length_s=length_s)
        return self.film(rng, length_s=length_s)

    def scene(self, rng: random.Random, *, length_s: int) -> Row:
        """One picture over up to ``length_s`` seconds, in up to as many views as there are."""
        number = rng.randrange(len(self.examples))
        views = sorted({self._frame(number, rng) for _ in range(VIEWS)}, key=lambda f: f.view)
        seconds = 1 + int(rng.random() * length_s)
        order = tuple(sorted(rng.randrange(len(views)) for _ in range(seconds)))
        example = self.examples[number]
        if rng.random() < self.settings.asked_as_film:
            turns = self.maker.video_turns([example] * seconds, rng, self.settings.film_turns)
        else:
            turns = self.maker.picture_turns(example, rng, self.settings.film_turns)
        weights = tuple(0.5 + order.count(frame) for frame in range(len(views)))
        return Row(
            frames=tuple(views),
            order=order,
            prefix_weights=weights,
            question_weights=weights,
            turns=tuple(turns),
        )

    def film(self, rng: random.Random, *, length_s: int = 64) -> Row:
        """Some pictures one after the other, each for some seconds, ``length_s`` in all at most."""
        most = min(self.settings.scenes, len(self.examples))
        scenes = min(most, 2 + int(rng.expovariate(1 / 3)))
        chosen = rng.sample(range(len(self.examples)), scenes)
        mean_s = max(1.0, rng.random() * length_s / scenes)
        longest_s = max(1, length_s // scenes)
        frames: list[Frame] = []
        order: list[int] = []
        shown: list[Example] = []
        for number in chosen:
            stay_s = min(longest_s, 1 + int(rng.expovariate(1 / mean_s)))
            # A scene that stays is seen from up to two views, as a camera that moves a little.
            views = [self._frame(number, rng) for _ in range(1 if stay_s < 3 else 2)]
            first = len(frames)
            frames += views
            order += sorted(first + second % len(views) for second in range(stay_s))
            shown += [self.examples[number]] * stay_s
        # One example a second: how long a scene stays decides what its first half shows.
        turns = self.maker.video_turns(shown, rng, self.settings.film_turns)
        seconds = tuple(float(order.count(frame)) for frame in range(len(frames)))
        # In use a question is fused with seconds (`span`) or with chosen frames alike (`focus`).
        equal = tuple(1.0 for _ in frames)
        return Row(
            frames=tuple(frames),
            order=tuple(order),
            prefix_weights=seconds,
            question_weights=seconds if rng.random() < 0.4 else equal,
            turns=tuple(turns),
        )

    def _weighed(self, row: Row) -> Row:
        if self.settings.yes_weight == 1.0:
            return row
        turns = tuple(
            replace(turn, weight=self.settings.yes_weight) if _is_yes(turn) else turn
            for turn in row.turns
        )
        return replace(row, turns=turns)

    def _next_pictures(self, step: int) -> list[int]:
        count, total = self.settings.pictures, len(self.examples)
        chosen = []
        for place in range(step * count, (step + 1) * count):
            epoch, offset = divmod(place, total)
            chosen.append(_shuffled(total, f"{self.seed}/{epoch}")[offset])
        return chosen

    def _frame(self, number: int, rng: random.Random) -> Frame:
        view = rng.randrange(VIEWS)
        if self._sided[number]:
            view -= view % 2  # odd views are mirrored, and a mirrored left is a right
        return Frame(self.numbers[number], view)


_orders: dict[tuple[int, str], list[int]] = {}


def _shuffled(total: int, seed: str) -> list[int]:
    if (total, seed) not in _orders:
        _orders.clear()
        order = list(range(total))
        random.Random(seed).shuffle(order)
        _orders[total, seed] = order
    return _orders[total, seed]


def _is_yes(turn: Turn) -> bool:
    return turn.kind == "yesno" and turn.answer.startswith("Yes")


def _is_sided(example: Example) -> bool:
    texts = [*example.captions, *(pair.question for pair in example.qa)]
    return any(_SIDED.search(text) for text in texts)
