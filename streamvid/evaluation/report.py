"""Figures as they are kept and shown: a tally of rights, ``eval.json``, ``answers.jsonl``, a table.

Knows no model and no data: it is told what was asked, expected, replied, and whether that is right.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

_UNSCORED = "whole_film.txt"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the result; all but ``count`` are shares from 0 to 1, None where not measured.

    ``wrong`` is the same figure with the picture or video replaced by another, ``chance`` what
    guessing gives, ``count`` how many questions (pictures, queries) ``value`` rests on.
    """

    value: float | None
    count: int
    wrong: float | None = None
    chance: float | None = None


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """One answer beside the expected one; ``twin`` names the replaced picture or video, or None.

    ``right`` is a share from 0 to 1, or None where nobody can tell: such a record counts under no
    key. ``moments_s`` are the moments shown beside it, best first.
    """

    key: str
    subject: str
    question: str
    expected: str
    reply: str
    right: float | None
    twin: str | None = None
    moments_s: tuple[float, ...] = ()


@dataclass(slots=True)
class Tally:
    """Scores under keys, from the right picture and from a wrong one. Mutable: it is filled."""

    _scores: dict[str, list[float]] = field(default_factory=dict)
    _twins: dict[str, list[float]] = field(default_factory=dict)
    _chances: dict[str, float] = field(default_factory=dict)

    def add(self, key: str, score: float | bool, *, twin: bool = False) -> None:
        """Count one score from 0 to 1 under ``key``."""
        (self._twins if twin else self._scores).setdefault(key, []).append(float(score))

    def set_chance(self, key: str, chance: float | None) -> None:
        """State what guessing gives for ``key``."""
        if chance is not None:
            self._chances[key] = chance

    def figures(self) -> dict[str, Figure]:
        """The mean of every key that has a score, in the order in which keys came up."""
        return {
            key: Figure(
                value=_mean(scores),
                count=len(scores),
                wrong=_mean(self._twins.get(key, [])),
                chance=self._chances.get(key),
            )
            for key, scores in self._scores.items()
        }


def _mean(scores: list[float]) -> float | None:
    return sum(scores) / len(scores) if scores else None


def figures_json(figures: Mapping[str, Figure]) -> str:
    """``{key: {value, count, wrong, chance}}``, shares rounded to five decimals, one key a line."""
    lines = [
        f"  {json.dumps(key)}: {json.dumps({n: _rounded(v) for n, v in asdict(figure).items()})}"
        for key, figure in figures.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n" if lines else "{}\n"


def _rounded(value: float | int | None) -> float | int | None:
    return round(value, 5) if isinstance(value, float) else value


def answers_jsonl(answers: Iterable[AnswerRecord]) -> str:
    """One JSON object a line, in the order of asking."""
    return "".join(json.dumps(asdict(answer), ensure_ascii=False) + "\n" for answer in answers)


def table(figures: Mapping[str, Figure]) -> str:
    """The figures as plain aligned text: key, value, count, wrong, chance."""
    header = ("key", "value", "count", "wrong", "chance")
    rows = [
        (key, _share(f.value), str(f.count), _share(f.wrong), _share(f.chance))
        for key, f in figures.items()
    ]
    return _aligned([header, *rows], left=1)


def unscored_table(answers: Iterable[AnswerRecord]) -> str:
    """The answers that nobody can call right or wrong, to be read; empty where there are none."""
    header = ("asked of", "question", "expected of it alone", "reply", "moments shown")
    rows = [
        (one.subject, one.question, one.expected, one.reply, " ".join(map(clock, one.moments_s)))
        for one in answers
        if one.right is None
    ]
    lines = [tuple(" ".join(cell.split()) for cell in row) for row in rows]
    return _aligned([header, *lines], left=len(header)) if lines else ""


def clock(moment_s: float) -> str:
    """``m:ss`` or ``h:mm:ss``, cut to whole seconds."""
    minutes, seconds = divmod(int(moment_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _aligned(rows: Sequence[Sequence[str]], *, left: int) -> str:
    """Columns as wide as their widest cell; the first ``left`` start alike, the rest end alike."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = zip(row, widths, range(len(row)), strict=True)
        padded = [cell.ljust(w) if place < left else cell.rjust(w) for cell, w, place in cells]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines) + "\n"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def write_report(
    folder: Path, figures: Mapping[str, Figure], answers: Iterable[AnswerRecord]
) -> None:
    """Write ``eval.json``, ``answers.jsonl`` and ``table.txt`` to ``folder``, made if missing.

    Where some answers are not scored, ``whole_film.txt`` has them as a table.
    """
    answers = list(answers)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "eval.json").write_text(figures_json(figures), encoding="utf-8")
    (folder / "answers.jsonl").write_text(answers_jsonl(answers), encoding="utf-8")
    (folder / "table.txt").write_text(table(figures), encoding="utf-8")
    if unscored := unscored_table(answers):
        (folder / _UNSCORED).write_text(unscored, encoding="utf-8")
    else:  # that of an earlier run would stand beside figures it has nothing to do with
        (folder / _UNSCORED).unlink(missing_ok=True)
