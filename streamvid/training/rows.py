"""Training rows as tensors: several turns about one picture or one video, packed in one sequence.

A row's text is the prefix once, then its turns one behind the other; a turn sees the frames, the
prefix and itself, never another turn, and its positions restart where the view ends. So the frames
are fused once for all turns, and each turn is computed as it would be alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from streamvid.model.nano.prompt import Prompt
from streamvid.training.turns import Turn

IGNORE = -100
PADDING = -1
"""Segment of places that hold nothing. Segment 0 is seen by all; turn k has segment k."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One view of one training picture, by numbers into the feature cache."""

    picture: int
    view: int


@dataclass(frozen=True, slots=True)
class Row:
    """``turns`` about a film of ``frames``.

    ``order`` names a frame for each of the film's T seconds; ``prefix_weights`` and
    ``question_weights`` say how much each frame counts in the two means, to any scale.
    """

    frames: tuple[Frame, ...]
    order: tuple[int, ...]
    prefix_weights: tuple[float, ...]
    question_weights: tuple[float, ...]
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """R rows with M frames in all.

    The prompts, fused with every frame of their row: ``prompt_ids``, ``prompt_segments``,
    ``prompt_positions`` [R, Lp] (position 0 is the prefix's first token); ``prompt_places`` says
    where each token stands in the text, L for padding.

    The text around the view, answers included: ``ids``, ``segments``, ``positions`` (behind the
    view, counted from its end), ``targets`` and their ``target_weights`` [R, L]. The first
    ``head_tokens`` of it stand before the view.

    ``view`` [R, T] numbers a frame of the M, or -1; weights [R, M] add up to 1 over a row.
    """

    head_tokens: int
    frames: tuple[Frame, ...]
    frame_rows: Tensor
    prefix_weights: Tensor
    question_weights: Tensor
    view: Tensor
    prompt_ids: Tensor
    prompt_segments: Tensor
    prompt_positions: Tensor
    prompt_places: Tensor
    ids: Tensor
    segments: Tensor
    positions: Tensor
    targets: Tensor
    target_weights: Tensor

    @property
    def turns(self) -> int:
        """How many turns it trains."""
        return int(self.segments.amax(1).sum())


@dataclass(slots=True)
class _Text:
    """Columns of one row's text while it is put together (hence mutable)."""

    ids: list[int]
    segments: list[int]
    positions: list[int]
    targets: list[int]
    target_weights: list[float]
    in_prompt: list[bool]

    def add(self, ids: Sequence[int], segment: int, start: int, *, prompt: bool) -> None:
        self.ids += ids
        self.segments += [segment] * len(ids)
        self.positions += range(start, start + len(ids))
        self.targets += [IGNORE] * len(ids)
        self.target_weights += [0.0] * len(ids)
        self.in_prompt += [prompt] * len(ids)


def batch_rows(rows: Sequence[Row], prompt: Prompt) -> Batch:
    """Tensors of ``rows``; padded on the right."""
    head = len(prompt.head)
    texts = [_row_text(row, prompt) for row in rows]
    frames = tuple(frame for row in rows for frame in row.frames)
    starts = [0]
    for row in rows:
        starts.append(starts[-1] + len(row.frames))
    prompts = [[place for place, inside in enumerate(text.in_prompt) if inside] for text in texts]
    prompt_segments = [[t.segments[i] for i in p] for t, p in zip(texts, prompts, strict=True)]
    # In pre-fusion the text follows the frame at once: the head counts, the view does not.
    prompt_positions = [
        [t.positions[i] + (head if i >= head else 0) for i in p]
        for t, p in zip(texts, prompts, strict=True)
    ]
    view = [[starts[number] + frame for frame in row.order] for number, row in enumerate(rows)]
    longest = max(len(text.ids) for text in texts)
    return Batch(
        head_tokens=head,
        frames=frames,
        frame_rows=torch.tensor([n for n, row in enumerate(rows) for _ in row.frames]),
        prefix_weights=_weights([row.prefix_weights for row in rows], starts),
        question_weights=_weights([row.question_weights for row in rows], starts),
        view=_pad(view, -1),
        prompt_ids=_pad([[t.ids[i] for i in p] for t, p in zip(texts, prompts, strict=True)], 0),
        prompt_segments=_pad(prompt_segments, PADDING),
        prompt_positions=_pad(prompt_positions, 0),
        prompt_places=_pad(prompts, longest),
        ids=_pad([text.ids for text in texts], 0),
        segments=_pad([text.segments for text in texts], PADDING),
        positions=_pad([text.positions for text in texts], 0),
        targets=_pad([text.targets for text in texts], IGNORE),
        target_weights=_pad([text.target_weights for text in texts], 0.0),
    )


def _row_text(row: Row, prompt: Prompt) -> _Text:
    text = _Text([], [], [], [], [], [])
    text.add(prompt.head, 0, 0, prompt=True)
    text.add(prompt.tail, 0, 0, prompt=True)
    for segment, turn in enumerate(row.turns, start=1):
        question_ids = prompt.question(turn.question)
        answer_ids = prompt.answer(turn.answer)
        start = len(prompt.tail)
        text.add(question_ids, segment, start, prompt=True)
        text.add(answer_ids, segment, start + len(question_ids), prompt=False)
        # The place before a token predicts it: the question's last, then the answer's but the last.
        first = len(text.ids) - len(answer_ids) - 1
        text.targets[first : first + len(answer_ids)] = answer_ids
        # By the root of its length, or captions would drown a yes and a no.
        share = [turn.weight * len(answer_ids) ** -0.5] * len(answer_ids)
        text.target_weights[first : first + len(answer_ids)] = share
    return text


def _weights(rows: Sequence[Sequence[float]], starts: Sequence[int]) -> Tensor:
    weights = torch.zeros(len(rows), starts[-1])
    for number, row in enumerate(rows):
        values = torch.tensor(row, dtype=torch.float32)
        weights[number, starts[number] : starts[number + 1]] = values / values.sum()
    return weights


def _pad(rows: Sequence[Sequence[float]], value: float) -> Tensor:
    longest = max(len(row) for row in rows)
    return torch.tensor([[*row, *[value] * (longest - len(row))] for row in rows])
