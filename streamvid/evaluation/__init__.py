"""Evaluation: how right answers are, beside wrong pictures and guessing. Knows no model by name."""

from streamvid.evaluation.errors import EvaluationError, QuestionFileError
from streamvid.evaluation.film import Clip, FilmPlan, Segment, plan_film
from streamvid.evaluation.kept_replies import KeepingWatcher, KeptReplies
from streamvid.evaluation.long_film import FilmWatcher
from streamvid.evaluation.pictures import PictureRun, search_pictures
from streamvid.evaluation.questions import (
    ClipQuestions,
    PictureQuestion,
    VideoQuestion,
    load_manifest,
    load_yesno,
)
from streamvid.evaluation.report import AnswerRecord, Figure, Tally, table, write_report
from streamvid.evaluation.run import Data, Watcher, evaluate
from streamvid.evaluation.videos import VideoReply, VideoRun

__all__ = [
    "AnswerRecord",
    "Clip",
    "ClipQuestions",
    "Data",
    "EvaluationError",
    "Figure",
    "FilmPlan",
    "FilmWatcher",
    "KeepingWatcher",
    "KeptReplies",
    "PictureQuestion",
    "PictureRun",
    "QuestionFileError",
    "Segment",
    "Tally",
    "VideoQuestion",
    "VideoReply",
    "VideoRun",
    "Watcher",
    "evaluate",
    "load_manifest",
    "load_yesno",
    "plan_film",
    "search_pictures",
    "table",
    "write_report",
]
