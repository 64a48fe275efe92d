import json

from streamvid.evaluation import AnswerRecord, Figure, Tally, table, write_report
from streamvid.evaluation.report import figures_json


def filled() -> Tally:
    tally = Tally()
    for score in (1, 0, 1, 1):
        tally.add("video_yesno_accuracy", score)
    tally.add("video_yesno_accuracy", False, twin=True)
    tally.set_chance("video_yesno_accuracy", 0.5)
    tally.add("caption_content_recall", 1 / 3)
    tally.set_chance("caption_content_recall", None)
    return tally


def test_figures_are_means_with_their_twins():
    figures = filled().figures()
    assert figures["video_yesno_accuracy"] == Figure(0.75, 4, 0.0, 0.5)
    assert figures["caption_content_recall"] == Figure(1 / 3, 1, None, None)


def test_a_chance_without_answers_makes_no_figure():
    tally = Tally()
    tally.set_chance("evidence_at_1", 0.3)
    assert tally.figures() == {}
    assert json.loads(figures_json({})) == {}


def test_the_report_is_written_as_documented(tmp_path):
    record = AnswerRecord("k", "é.jpg", "Is it?", "yes", "Yes.\nNo.", 1.0)
    write_report(tmp_path / "out", filled().figures(), [record, record])
    written = json.loads((tmp_path / "out" / "eval.json").read_text(encoding="utf-8"))
    assert written["video_yesno_accuracy"] == {
        "value": 0.75,
        "count": 4,
        "wrong": 0.0,
        "chance": 0.5,
    }
    assert written["caption_content_recall"]["value"] == 0.33333
    lines = (tmp_path / "out" / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["reply"] for line in lines] == ["Yes.\nNo."] * 2
    assert json.loads(lines[0])["subject"] == "é.jpg"


def test_the_table_is_aligned_text():
    lines = table(filled().figures()).splitlines()
    assert lines[0].split() == ["key", "value", "count", "wrong", "chance"]
    assert lines[1].split() == ["video_yesno_accuracy", "0.750", "4", "0.000", "0.500"]
    assert lines[2].split() == ["caption_content_recall", "0.333", "1", "-", "-"]
    assert lines[0].index("value") + len("value") == lines[1].index("0.750") + len("0.750")
