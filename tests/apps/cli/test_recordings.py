import json


def document(program, *arguments):
    done = program.run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


INSPECT_NAMES = {
    "id", "name", "source", "length_s", "frames", "previews", "ticks_expected", "ticks_seen",
    "ticks_covered", "ticks_dropped", "ticks_gapped", "ticks_pending", "gaps", "damage", "bytes",
    "fingerprint", "model", "coverage", "replaces", "complete", "busy", "created_wall_s",
    "updated_wall_s", "expected_s", "problem", "sampling", "kind", "runs", "since_wall_s",
    "first_kept_s", "newest_t_s", "newest_wall_s", "blind_s", "events", "older_events",
}  # fmt: skip


def test_inspect_tells_what_is_remembered(inside, clip):
    inside.run("ingest", clip)
    seen = document(inside, "inspect", clip)
    assert set(seen) == INSPECT_NAMES
    assert seen["frames"] == seen["ticks_seen"] == 9
    parts = ("seen", "covered", "dropped", "gapped", "pending")
    assert seen["ticks_expected"] == sum(seen[f"ticks_{part}"] for part in parts)
    assert seen["gaps"] == []
    assert seen["damage"] == {"packets": 0, "frames": 0}
    assert seen["bytes"] > 1000
    shown = inside.run("inspect", seen["id"][:6])
    assert "frames    9" in shown.stdout
    assert seen["id"] in shown.stdout


def test_search_finds_moments_best_first(inside, clip):
    found = document(inside, "search", clip, "green", "--limit", "2")
    assert set(found) == {"id", "phrase", "moments", "coverage", "search_s"}
    scores = [moment["score"] for moment in found["moments"]]
    assert scores == sorted(scores, reverse=True)
    assert 3 <= found["moments"][0]["t_s"] < 6
    assert len(scores) <= 2
    within = document(inside, "search", clip, "green", "--from", "6")
    assert all(moment["t_s"] >= 6 for moment in within["moments"])
    shown = inside.run("search", clip, "green")
    assert ".jpg" in shown.stdout.splitlines()[0]


def test_list_shows_all_and_remove_forgets_one(inside, clip, long_clip):
    assert inside.run("list").stdout == ""
    first = document(inside, "ingest", clip)
    document(inside, "ingest", long_clip)
    listed = document(inside, "list")["recordings"]
    assert {r["name"] for r in listed} == {"colours.mp4", "long.mp4"}
    assert {"id", "name", "source", "length_s", "frames", "bytes"} <= set(listed[0])
    inside.run("search", clip, "green")
    stills = inside.home / ".local/share/streamvid/stills" / first["id"][:12]
    assert stills.is_dir()
    removed = document(inside, "remove", clip, "--yes")["removed"]
    assert removed["id"] == first["id"]
    assert not stills.exists()
    assert [r["name"] for r in document(inside, "list")["recordings"]] == ["long.mp4"]
    assert clip.exists()


def test_remove_asks_first_and_refuses_where_it_cannot(inside, clip, refused):
    inside.run("ingest", clip)
    done = inside.run("remove", clip)
    assert done.returncode == 2
    assert "--yes" in refused(done)
    assert len(document(inside, "list")["recordings"]) == 1


def test_the_home_can_be_elsewhere(inside, clip):
    elsewhere = inside.home / "else where"
    inside.run("ingest", clip, "--home", elsewhere)
    assert document(inside, "list")["recordings"] == []
    assert len(document(inside, "list", "--home", elsewhere)["recordings"]) == 1
