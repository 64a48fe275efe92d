"""The program itself as evaluation's ``Watcher``: clips and films through a ``Session``, as a user
would ask them; single pictures straight through the model, as a film of one frame."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from capture import Frame, decode_still, open_file
from capture import Settings as CaptureSettings
from capture.slideshow import write_slideshow
from streamvid.answer.result import Answer
from streamvid.answer.span import TimeRange
from streamvid.evaluation.errors import EvaluationError
from streamvid.evaluation.film import FilmPlan
from streamvid.evaluation.progress import SAY_EVERY_S, Steps
from streamvid.evaluation.videos import VideoReply
from streamvid.ingest.progress import IngestProgress
from streamvid.model.seam import Context, FloatArray, Picture, Sampling, States, VideoModel
from streamvid.session import Session

_FILM_SIZE_PX = (448, 336)
_KEPT_PICTURES = 8
_SAMPLING = Sampling(max_new_tokens=40)
_SEARCHED_MOMENTS = 10


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """A picture that was encoded: questions about it are fused with ``states``, and follow
    ``context``."""

    states: States
    context: Context
    viewed_tokens: int
    prefix_tail: FloatArray


class SessionWatcher:
    """``session`` and ``model`` are of the same weights; nothing else calls ``model`` meanwhile.

    ``work`` keeps the film that is built. ``say`` is told how far a film is.
    """

    def __init__(
        self,
        session: Session,
        model: VideoModel,
        work: Path,
        *,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._session, self._model, self._work, self._say = session, model, work, say
        self._shown: OrderedDict[Path, _Shown] = OrderedDict()
        self._film: Path | None = None

    def answer_picture(self, picture: Path, question: str) -> str:
        """The reply to a question about one picture."""
        shown = self._show(picture)
        fused = self._model.fuse(question, shown.states, [1.0]).mean()
        prompt = np.concatenate([shown.prefix_tail, fused])
        shown.context.rewind(shown.viewed_tokens)
        pieces = self._model.generate(shown.context, prompt, _SAMPLING)
        text = "".join(piece for piece in pieces if isinstance(piece, str))
        return text.strip()

    def embed_texts(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """float32 [texts, e], unit length."""
        return np.stack([self._model.embed_text(text) for text in texts])

    def embed_pictures(self, pictures: Sequence[Path]) -> npt.NDArray[np.float32]:
        """float32 [pictures, e], unit length."""
        return np.stack([self._model.embed_image(_read(picture)) for picture in pictures])

    def ask_clip(self, clip: Path, question: str) -> VideoReply:
        """The reply to a question about a whole clip, which is watched at its first."""
        return self._reply(self._session.ask(clip, question).result(), start_s=0.0)

    def clip_moments_s(self, clip: Path) -> Sequence[float]:
        """The times of the clip's frames."""
        return [frame.t_s for frame in _frames(clip)]

    def watch_film(self, plan: FilmPlan) -> None:
        """Write the film, one frame a second, and watch it."""
        film = self._work / f"film-{round(plan.duration_s)}.mp4"
        self._work.mkdir(parents=True, exist_ok=True)
        steps = Steps(self._say, every_s=SAY_EVERY_S)
        steps.begin(f"writing {film}", round(plan.duration_s), "seconds")

        def counted() -> Iterator[Picture]:
            for picture in _seconds_of(plan):
                steps.step()
                yield picture

        write_slideshow(film, counted(), size_px=_FILM_SIZE_PX)
        steps.begin("watching the film", round(plan.duration_s), "seconds")
        watched = 0

        def tell(progress: IngestProgress) -> None:
            nonlocal watched
            steps.step(progress.done_ticks - watched)
            watched = progress.done_ticks

        self._session.ingest(film, progress=tell)
        self._film = film

    def ask_film(self, start_s: float, end_s: float, question: str) -> VideoReply:
        """The reply to a question about [start, end) of the film."""
        within = TimeRange(start_s, end_s)
        return self._reply(
            self._session.ask(self._written(), question, within=within).result(), start_s=0.0
        )

    def search_film(self, phrase: str) -> Sequence[float]:
        """Moments of the whole film that fit a phrase, best first."""
        found = self._session.search(self._written(), phrase, limit=_SEARCHED_MOMENTS)
        return [moment.t_s for moment in found.moments]

    def _written(self) -> Path:
        if self._film is None:
            raise EvaluationError("no film has been watched yet; plan and watch one first")
        return self._film

    def _reply(self, answer: Answer, *, start_s: float) -> VideoReply:
        moments = tuple(moment.t_s - start_s for moment in answer.evidence)
        return VideoReply(answer.text.strip(), moments)

    def _show(self, path: Path) -> _Shown:
        if path in self._shown:
            self._shown.move_to_end(path)
            return self._shown[path]
        picture = _read(path)
        encoded = self._model.encode([picture])
        head = self._model.spec.prefix_head_tokens
        prefix = encoded.fused_prefix[0]
        context = self._model.context(prefix[:head])
        context.extend(encoded.tokens[0])
        states = self._model.states([picture])
        shown = _Shown(states, context, context.length, prefix[head:])
        self._shown[path] = shown
        while len(self._shown) > _KEPT_PICTURES:
            oldest = self._shown.popitem(last=False)[1]
            oldest.context.close()
            oldest.states.close()
        return shown


def _read(path: Path) -> Picture:
    try:
        return decode_still(path.read_bytes())
    except OSError as error:
        raise EvaluationError(f"cannot read picture '{path}': {error.strerror}") from error


def _frames(clip: Path) -> Iterator[Frame]:
    with open_file(clip, CaptureSettings()) as source:
        for item in source:
            if isinstance(item, Frame):
                yield item


def _seconds_of(plan: FilmPlan) -> Iterator[Picture]:
    """A picture for each second of the film, in order."""
    second = 0
    for segment in plan.segments:
        if segment.clip is None:
            assert segment.picture is not None
            still = _read(Path(segment.picture))
            while second < segment.end_s - 1e-6:
                yield still
                second += 1
            continue
        frames = list(_frames(Path(segment.clip)))
        position = 0
        while second < segment.end_s - 1e-6:
            into_s = second - segment.start_s
            while position + 1 < len(frames) and frames[position + 1].tick <= into_s + 1e-6:
                position += 1
            yield frames[position].pixels
            second += 1
