"""Evaluation on clips: their questions with evidence, and the same clips inside a long film."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from streamvid.evaluation import chance, scoring
from streamvid.evaluation.film import FilmPlan
from streamvid.evaluation.questions import ClipQuestions, VideoQuestion
from streamvid.evaluation.report import AnswerRecord, Tally, clock
from streamvid.evaluation.twins import along_the_round, twins_of


@dataclass(frozen=True, slots=True)
class VideoReply:
    """An answer's text and the moments it rests on, best first, in seconds of what was asked."""

    text: str
    moments_s: tuple[float, ...] = ()


AskClip = Callable[[str, str], VideoReply]
"""(clip's file, question) → reply, moments in seconds of the clip."""
AskRange = Callable[[float, float, str], VideoReply]
"""(start_s, end_s, question) of the film → reply."""
SearchFilm = Callable[[str], Sequence[float]]
"""A phrase → moments of the whole film in seconds, best first."""
Moments = Callable[[str], Sequence[float]]
"""Clip's file → the times of its remembered frames, in seconds."""

EVIDENCE_RANKS = (1, 3)
FILM_RANKS = (1, 5)
WHOLE_FILM_KEY = "whole_film"
"""Of answers that are written and not scored; ``eval.json`` has no such key."""


@dataclass(frozen=True, slots=True)
class Alone:
    """Whether a question was answered right from its clip alone, and from another clip."""

    right: bool
    wrong: bool


@dataclass(frozen=True, slots=True)
class VideoRun:
    """Fills ``tally`` and ``answers`` with what clips are asked; twins drawn by ``seed``."""

    tally: Tally
    answers: list[AnswerRecord]
    seed: int
    _draws: dict[str, list[float]] = field(default_factory=dict)

    def ask_clips(
        self, clips: Sequence[ClipQuestions], ask: AskClip, moments: Moments
    ) -> dict[tuple[str, str], Alone]:
        """Ask every clip its questions, and another clip; return how each (file, question) went.

        Keys ``video_yesno_accuracy`` and both recalls, ``video_qa_accuracy`` and
        ``video_qa_accuracy_<kind>``, ``evidence_at_1``, ``evidence_at_3``.
        """
        twins = twins_of([clip.file for clip in clips], self.seed)
        alone: dict[tuple[str, str], Alone] = {}
        for clip in along_the_round(clips, lambda clip: clip.file, self.seed):
            times = moments(clip.file)
            for asked in clip.questions:
                went: list[bool] = []
                for twin in (None, twins[clip.file]):
                    reply = ask(twin or clip.file, asked.question)
                    went.append(self._count(clip.file, asked, reply, "video", twin))
                    self._count_evidence(clip, asked, reply, times, twin)
                alone[clip.file, asked.question] = Alone(*went)
        self._set_chances(clips)
        return alone

    def ask_film(
        self,
        clips: Sequence[ClipQuestions],
        plan: FilmPlan,
        ask: AskRange,
        search: SearchFilm,
        alone: Mapping[tuple[str, str], Alone],
    ) -> None:
        """Ask each clip's questions over its range of the film, and search each clip's caption.

        ``alone`` is what ``ask_clips`` returned: the same questions asked of the clip alone, kept
        beside as ``long_…_clip_alone``. Keys ``long_clip_at_1``, ``_at_5``,
        ``long_yesno_accuracy`` and both recalls, ``long_qa_accuracy`` and its kinds. Wrong: the
        range of another clip, the one that stood in for it before.
        """
        twins = twins_of([clip.file for clip in clips], self.seed)
        for clip in along_the_round(clips, lambda clip: clip.file, self.seed):
            if clip.caption:
                self._search(clip, search(clip.caption), plan, twins[clip.file])
            for asked in clip.questions:
                for twin in (None, twins[clip.file]):
                    start_s, end_s = plan.range_of(twin or clip.file)
                    reply = ask(start_s, end_s, asked.question)
                    self._count(clip.file, asked, reply, "long", twin)
                side = "yesno" if asked.kind == "yesno" else "qa"
                if (clip.file, asked.question) in alone:
                    key = f"long_{side}_accuracy_clip_alone"
                    self.tally.add(key, alone[clip.file, asked.question].right)
                    self.tally.add(key, alone[clip.file, asked.question].wrong, twin=True)
        searched = [clip for clip in clips if clip.caption]
        for k in FILM_RANKS:
            shares = [_film_chance(plan, clip.file, k) for clip in searched]
            self.tally.set_chance(f"long_clip_at_{k}", chance.mean(shares))
        self._set_answer_chances(clips, "long")

    def ask_whole_film(self, clips: Sequence[ClipQuestions], plan: FilmPlan, ask: AskRange) -> None:
        """Ask each clip's questions of all the film, for people to read.

        Of the whole film they have other true answers, so none is scored and no key is filled.
        """
        for clip in clips:
            start_s, end_s = plan.range_of(clip.file)
            place = f"{clip.file} at {clock(start_s)} to {clock(end_s)}"
            for asked in clip.questions:
                reply = ask(0.0, plan.duration_s, asked.question)
                self.answers.append(
                    AnswerRecord(
                        WHOLE_FILM_KEY,
                        place,
                        asked.question,
                        asked.answer,
                        reply.text,
                        None,
                        moments_s=reply.moments_s,
                    )
                )

    def _search(
        self, clip: ClipQuestions, found_s: Sequence[float], plan: FilmPlan, twin: str
    ) -> None:
        """One search serves both: wrong is how often it leads to the other clip."""
        for stands_in in (twin, clip.file):
            start_s, end_s = plan.range_of(stands_in)
            for k in FILM_RANKS:
                hit = any(start_s <= moment < end_s for moment in found_s[:k])
                self.tally.add(f"long_clip_at_{k}", hit, twin=stands_in == twin)
        shown = " ".join(f"{moment:.0f}" for moment in found_s[: max(FILM_RANKS)])
        expected = f"{start_s:.0f} to {end_s:.0f}"
        hit = any(start_s <= moment < end_s for moment in found_s[: max(FILM_RANKS)])
        key = f"long_clip_at_{max(FILM_RANKS)}"
        self.answers.append(AnswerRecord(key, clip.file, clip.caption, expected, shown, float(hit)))

    def _count(
        self, file: str, asked: VideoQuestion, reply: VideoReply, part: str, twin: str | None
    ) -> bool:
        right = scoring.video_answer_right(reply.text, asked.question, asked.accept, asked.kind)
        is_twin = twin is not None
        if asked.kind == "yesno":
            key = f"{part}_yesno_accuracy"
            side = "yes" if "yes" in asked.accept else "no"
            self.tally.add(f"{part}_yesno_recall_{side}", right, twin=is_twin)
        else:
            key = f"{part}_qa_accuracy"
            self.tally.add(f"{key}_{asked.kind}", right, twin=is_twin)
        self.tally.add(key, right, twin=is_twin)
        self.answers.append(
            AnswerRecord(
                key,
                file,
                asked.question,
                asked.answer,
                reply.text,
                float(right),
                twin,
                reply.moments_s,
            )
        )
        return right

    def _count_evidence(
        self,
        clip: ClipQuestions,
        asked: VideoQuestion,
        reply: VideoReply,
        times_s: Sequence[float],
        twin: str | None,
    ) -> None:
        """Only of questions whose interval is under half the clip; a twin's moments are its own."""
        if not scoring.is_pointed(asked.t0_s, asked.t1_s, clip.duration_s):
            return
        for k in EVIDENCE_RANKS:
            key = f"evidence_at_{k}"
            hit = any(
                scoring.moment_hits(moment, asked.t0_s, asked.t1_s)
                for moment in reply.moments_s[:k]
            )
            self.tally.add(key, hit, twin=twin is not None)
            if twin is None:
                random = chance.random_moment_chance(times_s, asked.t0_s, asked.t1_s, draws=k)
                self._draws.setdefault(key, []).append(random)

    def _set_chances(self, clips: Sequence[ClipQuestions]) -> None:
        for key, draws in self._draws.items():
            self.tally.set_chance(key, chance.mean(draws))
        self._set_answer_chances(clips, "video")

    def _set_answer_chances(self, clips: Sequence[ClipQuestions], part: str) -> None:
        kinds: dict[str, list[tuple[str, ...]]] = {}
        for clip in clips:
            for asked in clip.questions:
                kinds.setdefault(asked.kind, []).append(asked.accept)
        yesno = [("yes" in accept) for accept in kinds.pop("yesno", [])]
        self.tally.set_chance(f"{part}_yesno_accuracy", chance.yesno_majority(yesno))
        for side in ("yes", "no"):
            self.tally.set_chance(f"{part}_yesno_recall_{side}", 0.5 if yesno else None)
        best = {kind: chance.constant_reply_accuracy(accept) for kind, accept in kinds.items()}
        for kind, share in best.items():
            self.tally.set_chance(f"{part}_qa_accuracy_{kind}", share)
        total = sum(len(accept) for accept in kinds.values())
        if total:
            right = sum((best[kind] or 0.0) * len(accept) for kind, accept in kinds.items())
            self.tally.set_chance(f"{part}_qa_accuracy", right / total)
            self.tally.set_chance(f"{part}_qa_accuracy_clip_alone", right / total)
        alone_key = f"{part}_yesno_accuracy_clip_alone"
        self.tally.set_chance(alone_key, chance.yesno_majority(yesno))


def _film_chance(plan: FilmPlan, clip: str, draws: int) -> float:
    """How often ``draws`` random whole seconds of the film include one of the clip."""
    start_s, end_s = plan.range_of(clip)
    ticks = [float(second) for second in range(int(plan.duration_s))]
    # Moments are ticks: those in [start, end), without the slack that event times need.
    inside = [tick for tick in ticks if start_s <= tick < end_s]
    outside = len(ticks) - len(inside)
    if not ticks:
        return 0.0
    miss = 1.0
    for drawn in range(min(draws, len(ticks))):
        miss *= max(0, outside - drawn) / (len(ticks) - drawn)
    return 1.0 - miss
