"""The whole path on real files: ingest, questions, conversations, search, inspection."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from capture import decode_still
from streamvid.answer import TimeRange
from streamvid.errors import (
    EmptyQuestionError,
    IngestInterruptedError,
    ModelFailedError,
    ModelLoadError,
    ModelMismatchError,
    QuestionTooLongError,
    RangeError,
    RecordingNotFoundError,
    SourceRefusedError,
)
from streamvid.ingest import IngestProgress
from streamvid.model.errors import PromptError
from streamvid.model.seam import FusedSum
from streamvid.session import Session
from streamvid.settings import Settings
from tests.streamvid.films import film
from tests.streamvid.tiny_model import TinyModel

SECONDS = 120


def colour_at(second: int) -> str:
    """Red from 40 to 50 s, green from 90 on, else blue."""
    return "red" if 40 <= second < 50 else "green" if second >= 90 else "blue"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    return film(folder / "clip.mp4", SECONDS, colour_at=colour_at, gaps=[(60, 80)])


@pytest.fixture(scope="module")
def home(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home where the clip is remembered."""
    home = tmp_path_factory.mktemp("home")
    with Session(home, TinyModel) as session:
        session.ingest(clip)
    return home


class Opened:
    """A session over a remembered clip and the model that it loads."""

    def __init__(self, home: Path, **settings: object) -> None:
        self.model = TinyModel()
        self.session = Session(home, lambda: self.model, settings=Settings(**settings))  # type: ignore[arg-type]


@pytest.fixture
def opened(home: Path) -> Iterator[Opened]:
    opened = Opened(home)
    with opened.session:
        yield opened


def refuse_to_load() -> TinyModel:
    raise AssertionError("the model must not be loaded here")


def test_a_file_is_ingested_first_and_never_again(clip: Path, tmp_path: Path) -> None:
    stages: list[str] = []
    model = TinyModel()
    with Session(tmp_path, lambda: model) as session:
        stream = session.ask(clip, "is it red ?", progress=lambda told: stages.append(told.stage))
        pieces = list(stream)
        answer = stream.result()
        assert answer.text == "".join(pieces).strip()
        assert len(answer.text) > 10
        assert stages[-1] == "finished"
        encoded = model.encoded_frames
        assert encoded == 100
        second = session.ask(clip, "and green ?", progress=lambda told: stages.append("again"))
        assert second.result().text != answer.text
        assert model.encoded_frames == encoded
        assert "again" not in stages
        report = session.ingest(clip)
        assert (report.new_frames, report.complete, report.frames) == (0, True, 100)


def test_a_renamed_copy_is_the_same_recording(opened: Opened, clip: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(clip.read_bytes())
    answers = {opened.session.ask(source, "what ?").result().text for source in (copy, "clip.mp4")}
    assert len(answers) == 1
    assert opened.model.encoded_frames == 0


def test_an_answer_carries_coverage_evidence_exactness_and_counts(
    opened: Opened, clip: Path
) -> None:
    answer = opened.session.ask(clip, "where is red ?").result()
    assert answer.exactness == ("bounded 6 of 100",)
    assert answer.finish == "length"
    best = answer.evidence[0]
    assert 40 <= best.t_s < 50
    assert best.score == pytest.approx(1.0, abs=0.05)
    red, _, blue = decode_still(best.still).mean((0, 1))
    assert red > 150 > blue
    assert answer.coverage.text == "seen 1 min 42 s of 2 min; blind 1:02 to 1:20: no frames"
    assert answer.coverage.blind == ((62.0, 80.0, "no frames"),)
    usage = answer.usage
    assert (usage.range_frames, usage.fused_frames, usage.view_tokens) == (100, 6, 100)
    assert usage.new_tokens == 64
    assert answer.timings.total_s >= answer.timings.first_text_s > 0
    assert answer.language_model == "tiny fp32"


def test_one_line_of_the_log_tells_what_an_answer_took(
    opened: Opened, clip: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="streamvid"):
        opened.session.ask(clip, "what ?").result()
    (line,) = [record for record in caplog.records if record.name.startswith("streamvid.answer")]
    assert line.message == "answer"
    assert (line.frames_seen, line.frames_fused, line.new_tokens) == (100, 6, 64)


def test_moments_are_apart_and_best_first(opened: Opened, clip: Path) -> None:
    found = opened.session.search(clip, "green", limit=5)
    assert found.moments[0].t_s >= 90
    scores = [moment.score for moment in found.moments]
    assert scores == sorted(scores, reverse=True)
    times = sorted(moment.t_s for moment in found.moments)
    assert all(b - a >= SECONDS / 20 for a, b in itertools.pairwise(times))
    assert len(opened.session.search(clip, "green", limit=1).moments) == 1
    inside = opened.session.search(clip, "green", within=TimeRange(10, 30)).moments
    assert all(10 <= moment.t_s < 30 for moment in inside)


def test_a_phrase_is_looked_up_instead_of_the_question(opened: Opened, clip: Path) -> None:
    answer = opened.session.ask(clip, "what is this ?", phrase="green").result()
    assert answer.evidence[0].t_s >= 90


def test_a_range_is_answered_from_its_own_frames(opened: Opened, clip: Path) -> None:
    answer = opened.session.ask(clip, "red ?", within=TimeRange(40, 44)).result()
    assert answer.exactness == ("exact",)  # 4 frames: all are fused, the view is theirs
    assert answer.usage.range_frames == answer.usage.view_tokens == 4
    assert all(40 <= moment.t_s < 44 for moment in answer.evidence)
    last = opened.session.ask(clip, "red ?", within=TimeRange(last_s=5)).result()
    assert (last.coverage.start_s, last.usage.range_frames) == (115, 5)


def test_a_blind_range_is_said_and_the_model_not_asked(home: Path, clip: Path) -> None:
    with Session(home, refuse_to_load) as session:
        answer = session.ask(clip, "what ?", within=TimeRange(64, 70)).result()
    assert answer.finish == "blind"
    assert answer.text == "Nothing was seen in this range."
    assert answer.exactness == ()
    assert answer.evidence == ()
    assert answer.coverage.seen_s == 0


def test_bounded_over_all_frames_equals_full(home: Path, clip: Path) -> None:
    def answer(**settings: object) -> tuple[str, tuple[str, ...]]:
        opened = Opened(home, **settings)
        with opened.session as session:
            got = session.ask(clip, "what is there ?").result()
        return got.text, got.exactness

    full = answer(fusion="full")
    assert full[1] == ("exact",)
    assert answer(fusion_frames=100) == full
    assert answer(fusion="full", fuse_step_frames=7) == full
    assert answer(fusion="full", states_bytes=0) == full
    bounded = answer(fusion_frames=2)
    assert bounded[1] == ("bounded 2 of 100",)


def test_focus_and_span_weigh_otherwise(home: Path, clip: Path) -> None:
    texts = set()
    for weighting in ("span", "focus"):
        opened = Opened(home, weighting=weighting)
        with opened.session as session:
            answer = session.ask(clip, "where is red ?").result()
            texts.add(answer.text)
            assert answer.usage.fused_frames <= 6
    assert len(texts) == 2


def test_a_second_question_prefills_only_its_own_tokens(opened: Opened, clip: Path) -> None:
    first = opened.session.ask(clip, "one ?").result()
    before = opened.model.prefilled_tokens
    second = opened.session.ask(clip, "another ?").result()
    assert not first.usage.context_reused
    assert second.usage.context_reused
    assert opened.model.prefilled_tokens - before == 2 + second.usage.question_tokens + 64
    fresh = TinyModel()
    with Session(opened.session._home.path, lambda: fresh) as other:
        assert other.ask(clip, "another ?").result().text == second.text


def test_a_view_that_does_not_fit_is_merged_and_says_so(home: Path, clip: Path) -> None:
    opened = Opened(home, view_tokens=40)
    with opened.session as session:
        answer = session.ask(clip, "what ?").result()
    assert "merged view" in answer.exactness
    assert answer.usage.view_tokens <= 40


def test_an_answer_past_the_trained_length_says_so(home: Path, clip: Path) -> None:
    model = TinyModel(trained_context_tokens=128)
    with Session(home, lambda: model) as session:
        answer = session.ask(clip, "what ?").result()
        assert "past trained length" in answer.exactness
        assert answer.usage.context_tokens > 128


def test_an_enormous_question_is_refused_with_counts(opened: Opened, clip: Path) -> None:
    with pytest.raises(QuestionTooLongError, match=r"takes 500004 tokens, and 500 fit; shorten"):
        opened.session.ask(clip, "x" * 500_000).result()
    assert opened.session.ask(clip, "x" * 300).result().text  # long: the view makes room
    assert opened.session.ask(clip, "Что это? <image> </s> \x00").result().text


@pytest.mark.parametrize("question", ["", "  \n\t "])
def test_no_question_is_refused_before_anything_runs(
    tmp_path: Path, clip: Path, question: str
) -> None:
    with Session(tmp_path, refuse_to_load) as session:
        with pytest.raises(EmptyQuestionError):
            session.ask(clip, question)
        with pytest.raises(EmptyQuestionError):
            session.search(clip, question)
        assert session.recordings() == ()


def test_a_refused_file_leaves_no_trace_and_loads_no_model(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("this is no video at all\n" * 50)
    (tmp_path / "empty.mp4").touch()
    with Session(tmp_path / "home", refuse_to_load) as session:
        for name in ("text.mp4", "empty.mp4", "."):
            with pytest.raises(SourceRefusedError) as caught:
                session.ask(tmp_path / name, "what ?")
            assert "\n" not in str(caught.value)
        with pytest.raises(SourceRefusedError):
            session.ingest(tmp_path / "missing.mp4")
        with pytest.raises(RecordingNotFoundError):
            session.ask("nobody", "what ?")
        assert session.recordings() == ()


def test_a_range_behind_the_end_is_refused(opened: Opened, clip: Path) -> None:
    with pytest.raises(RangeError, match="recording ends at 2:00"):
        opened.session.ask(clip, "what ?", within=TimeRange(500)).result()


def test_another_model_is_refused_and_told_how(home: Path, clip: Path) -> None:
    with (
        Session(home, lambda: TinyModel(seed=5)) as session,
        pytest.raises(ModelMismatchError, match="reencode"),
    ):
        session.ask(clip, "what ?").result()


def test_a_model_that_cannot_be_loaded_says_so(home: Path, clip: Path) -> None:
    def fail() -> TinyModel:
        raise OSError("weights are gone")

    with Session(home, fail) as session, pytest.raises(ModelLoadError, match="weights are gone"):
        session.ask(clip, "what ?").result()


def test_inspection_needs_no_model_and_adds_up(home: Path, clip: Path) -> None:
    with Session(home, refuse_to_load) as session:
        seen = session.inspect(clip)
        by_name, by_id = session.inspect("clip.mp4"), session.inspect(seen.summary.recording_id[:8])
        (line,) = session.recordings()
    assert by_name == by_id == seen
    assert line == seen.summary
    assert (seen.ticks_expected, seen.ticks_seen, seen.ticks_covered) == (120, 100, 2)
    assert (seen.ticks_gapped, seen.ticks_pending, seen.ticks_dropped) == (18, 0, 0)
    assert [(gap.start_s, gap.end_s) for gap in seen.gaps] == [(62.0, 80.0)]
    assert (seen.model, seen.width, seen.tokens_per_frame) == ("tiny", 16, 1)
    assert seen.size_bytes > 0
    assert line.complete
    assert not line.busy
    assert line.length_s == 120


def test_a_recording_outlives_its_file_until_it_is_removed(clip: Path, tmp_path: Path) -> None:
    copy = tmp_path / "gone.mp4"
    copy.write_bytes(clip.read_bytes())
    with Session(tmp_path / "home", TinyModel) as session:
        session.ingest(copy)
        copy.unlink()
        assert session.ask("gone.mp4", "what ?").result().text
        removed = session.remove("gone.mp4")
        assert removed.name == "gone.mp4"
        assert session.recordings() == ()
        with pytest.raises(RecordingNotFoundError):
            session.ask("gone.mp4", "what ?")


def test_a_changed_file_is_another_recording_that_names_the_old_one(
    clip: Path, tmp_path: Path
) -> None:
    path = tmp_path / "changing.mp4"
    path.write_bytes(clip.read_bytes())
    with Session(tmp_path / "home", TinyModel) as session:
        first = session.ingest(path)
        film(path, 30)
        second = session.ingest(path)
        assert first.recording_id != second.recording_id
        assert session.inspect(second.recording_id).replaces == first.recording_id
        assert len(session.recordings()) == 2


def test_a_cancelled_answer_keeps_the_text_so_far(home: Path, clip: Path) -> None:
    opened = Opened(home, max_new_tokens=5000)  # more than is made ahead of a reader
    with opened.session as session:
        stream = session.ask(clip, "what ?")
        pieces = [next(iter(stream))]
        stream.cancel()
        answer = stream.result()
        assert answer.finish == "cancelled"
        assert answer.text.startswith(pieces[0].strip())
        assert len(answer.text) < 1000
        early = session.ask(clip, "what ?", cancelled=lambda: True).result()
        assert (early.finish, early.text) == ("cancelled", "")


def test_a_deadline_ends_an_answer(opened: Opened, clip: Path) -> None:
    answer = opened.session.ask(clip, "what ?", deadline_s=0.0).result()
    assert answer.finish == "deadline"


def test_leaving_an_answer_early_gives_its_context_back(opened: Opened, clip: Path) -> None:
    with opened.session.ask(clip, "what ?") as stream:
        next(iter(stream))
    assert opened.session.ask(clip, "what else ?").result().usage.context_reused


def test_an_answer_that_is_never_read_loads_no_model(home: Path, clip: Path) -> None:
    with Session(home, refuse_to_load) as session, session.ask(clip, "what ?"):
        pass


def test_several_threads_ask_at_once_and_get_what_they_get_alone(
    opened: Opened, clip: Path
) -> None:
    questions = [f"question {number} ?" for number in range(6)]
    alone = [opened.session.ask(clip, question).result().text for question in questions]
    together: dict[int, str] = {}

    def ask(place: int) -> None:
        together[place] = opened.session.ask(clip, questions[place]).result().text

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [together[place] for place in range(6)] == alone


def test_a_conversation_keeps_what_was_said(home: Path, clip: Path) -> None:
    opened = Opened(home, max_new_tokens=8)
    with opened.session as session, session.conversation(clip) as talk:
        first = talk.ask("what ?").result()
        before = opened.model.prefilled_tokens
        second = talk.ask("why ?").result()
        assert "history kept" in second.exactness
        assert "history kept" not in first.exactness
        assert opened.model.prefilled_tokens - before == second.usage.question_tokens + 8
        assert second.text != session.ask(clip, "why ?").result().text
        elsewhere = talk.ask("why ?", within=TimeRange(0, 30)).result()
        assert "history kept" in elsewhere.exactness


def test_a_conversation_keeps_no_more_than_it_may(home: Path, clip: Path) -> None:
    opened = Opened(home, max_new_tokens=8, history_tokens=40)
    with opened.session as session, session.conversation(clip) as talk:
        for number in range(8):
            answer = talk.ask(f"q{number} ?").result()
            assert ("history kept" in answer.exactness) == (number > 0)
            assert answer.usage.context_tokens <= 6 + 100 + 40 + answer.usage.question_tokens + 8
    with Opened(home, history_tokens=0).session as session, session.conversation(clip) as talk:
        alone = session.ask(clip, "why ?").result().text
        for _ in range(2):
            answer = talk.ask("why ?").result()
            assert "history kept" not in answer.exactness
            assert answer.text == alone


def test_stopping_an_answer_keeps_what_was_said_before(home: Path, clip: Path) -> None:
    texts = []
    for stop in (False, True):
        opened = Opened(home, max_new_tokens=8)
        with opened.session as session, session.conversation(clip) as talk:
            talk.ask("what ?").result()
            if stop:
                model = opened.model
                enough = model.prefilled_tokens + model.count_tokens("why ?", follows=True) + 2
                cut = talk.ask("why ?", cancelled=lambda: model.prefilled_tokens >= enough)  # noqa: B023
                assert cut.result().finish == "cancelled"
                assert len(cut.result().text) == 2
            after = talk.ask("where ?").result()
            assert "history kept" in after.exactness
            texts.append(after.text)
    assert texts[0] == texts[1]


def test_edges_of_a_range_are_fused_anew_or_rounded(clip: Path, tmp_path: Path) -> None:
    """A model whose fused prefix is too large to be kept per frame, as LLaVA-Mini's."""

    def load() -> TinyModel:
        return TinyModel(keeps_fused_prefix=False)

    within = TimeRange(10, 50)
    with Session(tmp_path, load, settings=Settings(lossless_stills=True)) as session:
        answer = session.ask(clip, "what ?", within=within).result()
        assert "rounded range" not in answer.exactness
        assert answer.usage.range_frames == 40
    with Session(tmp_path / "kept", TinyModel) as session:
        kept = session.ask(clip, "what ?", within=within).result()
        assert kept.usage.range_frames == 40
    with Session(tmp_path, load, settings=Settings(edges="round")) as session:
        rounded = session.ask(clip, "what ?", within=within).result()
        assert "rounded range" in rounded.exactness
        assert rounded.usage.range_frames == 60
        assert (rounded.coverage.start_s, rounded.coverage.end_s) == (0, 60)


def test_an_ingest_that_is_stopped_before_anything_leaves_no_recording(
    clip: Path, tmp_path: Path
) -> None:
    with Session(tmp_path, TinyModel) as session:
        with pytest.raises(IngestInterruptedError):
            session.ingest(clip, cancelled=lambda: True)
        assert session.recordings() == ()


def test_a_question_does_not_wait_for_an_ingest_in_the_same_session(
    home: Path, clip: Path, tmp_path: Path
) -> None:
    """The other file's ingest stands still at its first commit until the answer is there."""
    other = film(tmp_path / "other.mp4", 90)
    asked = threading.Event()
    model = TinyModel()
    with Session(home, lambda: model, settings=Settings(commit_frames=8)) as session:

        def hold(progress: IngestProgress) -> None:
            if progress.done_ticks and not asked.wait(20):
                raise TimeoutError

        ingest = threading.Thread(target=lambda: session.ingest(other, progress=hold))
        ingest.start()
        assert session.ask(clip, "what ?").result().text
        asked.set()
        ingest.join(30)
        assert session.inspect(other).summary.complete
        session.remove(other)


def test_what_the_model_refuses_is_told_in_our_words(home: Path, clip: Path) -> None:
    class Refusing(TinyModel):
        def fuse(self, *given: object, **options: object) -> FusedSum:
            raise PromptError("the question cannot be put; word it otherwise")

    with Session(home, Refusing) as session:
        with pytest.raises(ModelFailedError, match="word it otherwise"):
            session.ask(clip, "what ?").result()
        with session.conversation(clip) as talk, pytest.raises(ModelFailedError):
            talk.ask("what ?").result()
