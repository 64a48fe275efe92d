"""Tokens, origins, hosts, path tricks and headers, over real sockets."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import urllib.request

import pytest
from websockets.exceptions import InvalidStatus

from tests.apps.served import connected, talk

TOKEN = "correct-horse-battery-staple"


def status_of(served, **headers):
    """What a handshake with ``headers`` is answered."""

    async def work(talker):
        await talker.next("session.created")

    try:
        talk(served, work, **headers)
    except InvalidStatus as error:
        return error.response.status_code
    return 101


@pytest.fixture
def locked(serve, clip, tmp_path):
    secret = tmp_path / "token"
    secret.write_text(TOKEN + "\n")
    return serve("--source", f"clip={clip}", "--token-file", secret, "-v")


def test_only_the_token_opens_and_it_stands_in_no_log(locked):
    assert status_of(locked) == 401
    assert status_of(locked, Authorization="Bearer wrong-horse-battery-staple") == 401
    assert status_of(locked, Authorization=f"Bearer {TOKEN}") == 101
    for path in ("/stills/clip/1", "/picture/clip", "/timeline/clip", "/nothing"):
        assert locked.get(path)[0] == 401
        assert locked.get(f"{path}?token={TOKEN}")[0] == 401
        assert locked.get(path, Authorization=f"Bearer {TOKEN}")[0] in (200, 404)
    for path in ("/", "/healthz", "/static/page.js"):
        assert locked.get(path)[0] == 200
    code, said = locked.stop()
    assert code == 0
    assert TOKEN not in said


def test_a_browser_logs_in_once_and_brings_a_cookie(locked):
    assert json.loads(locked.get("/login")[2]) == {"needed": True, "welcome": False}
    assert locked.request("POST", "/login")[0] == 401
    code, headers, _ = locked.request("POST", "/login", Authorization=f"Bearer {TOKEN}")
    assert code == 204
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie
    value = cookie.split(";")[0]
    assert json.loads(locked.get("/login", Cookie=value)[2])["welcome"]
    assert status_of(locked, Cookie=value) == 101
    assert status_of(locked, Cookie=value + "0") == 401


def test_wrong_tokens_are_slowed_down(locked):
    codes = [
        locked.request("POST", "/login", Authorization=f"Bearer wrong{n}")[0] for n in range(12)
    ]
    assert codes[0] == 401
    assert codes[-1] == 429


@pytest.fixture
def served(serve, clip, tmp_path):
    root = tmp_path / "media"
    root.mkdir()
    (root / "inside.mp4").write_bytes(clip.read_bytes())
    (root / "out").symlink_to(tmp_path)
    (tmp_path / "secret.mp4").write_bytes(clip.read_bytes())
    return serve(
        "--source", f"clip={clip}", "--media-root", root, "--allow-source", "rtsp://a.lan/*"
    )


def test_a_foreign_page_or_name_is_refused(served):
    own = served.url.rstrip("/")
    assert status_of(served, Origin=own) == 101
    assert status_of(served, Origin="http://evil.example") == 403
    assert status_of(served, Origin="null") == 403
    assert served.get("/timeline/clip", Host="evil.example")[0] == 403
    assert served.get("/", Host="evil.example")[0] == 403


def test_every_answer_wears_its_security_headers(served):
    for path in ("/", "/static/page.js", "/healthz", "/picture/nobody", "/nothing"):
        _, headers, _ = served.get(path)
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    _, headers, _ = served.get("/", Host="evil.example")
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../web.py", "/static/%2e%2e/web.py", "/static/..%2fweb.py", "//etc/passwd",
        "/stills/../../etc/passwd", "/stills/clip/..%2f..%2fetc", "/stills/clip/nan",
        "/stills/clip/-1", "/stills/clip/1e999", "/stills/%00/1", "/picture/..", "/timeline/%2e%2e",
        "/stills/nobody/1", "/static/", "/static",
    ],
)  # fmt: skip
def test_no_path_leads_to_a_file_that_is_none_of_its_business(served, path):
    code, _, body = served.get(path)
    assert code in (400, 404, 405)
    assert b"import" not in body
    assert b"root:" not in body


def test_clients_add_what_is_allowed_and_remove_what_they_added(served):
    async def work(talker):
        async def add(source, address):
            await talker.send("source.add", source=source, address=address, event_id=address[:60])
            return await talker.next("source.added", "error")

        refused = [
            await add("x", address)
            for address in (
                "out/secret.mp4", "../secret.mp4", "/etc/passwd", "missing.mp4",
                "rtsp://b.lan/x", "http://127.0.0.1/x", "file:///etc/passwd", "concat:a|b",
            )
        ]  # fmt: skip
        camera = await add("camera", "rtsp://a.lan/x")  # tried for ever, whether it is there or not
        taken = await add("clip", "inside.mp4")
        added = await add("mine", "inside.mp4")
        await talker.watched("mine")
        await talker.send("source.remove", source="clip")
        not_ours = await talker.next("error")
        await talker.send("source.remove", source="mine", event_id="r")
        removed = await talker.next("source.removed")
        return refused, camera, taken, added, not_ours, removed

    refused, camera, taken, added, not_ours, removed = talk(served, work)
    assert {message.code for message in refused} == {"not_allowed"}
    assert len({message.message for message in refused[:4]}) == 1
    assert camera.kind == "live"
    assert taken.code == "source_exists"
    assert (added.source, added.event_id, added.kind) == ("mine", "inside.mp4", "file")
    assert not_ours.code == "not_yours"
    assert (removed.source, removed.event_id) == ("mine", "r")


def test_what_one_client_adds_the_others_are_told(served):
    async def work(first):
        await first.next("source.status")
        async with connected(served) as second:
            await second.send("source.add", source="mine", address="inside.mp4", event_id="e")
            told_second = await second.next("source.added")
        told_first = await first.next("source.added")
        await first.watched("mine")  # although whoever added it is gone
        return told_first, told_second

    told_first, told_second = talk(served, work)
    assert (told_first.source, told_first.event_id) == ("mine", None)
    assert told_second.event_id == "e"


def test_a_refused_file_tells_its_name_and_not_where_it_lies(serve, tmp_path, clip):
    root = tmp_path / "media"
    root.mkdir()
    (root / "broken.mp4").write_bytes(b"no video at all")
    served = serve("--source", f"clip={clip}", "--media-root", root)

    async def work(talker):
        await talker.send("source.add", source="bad", address="broken.mp4")
        while True:
            status = await talker.next("source.status")
            if status.source == "bad" and status.state == "refused":
                return status

    status = talk(served, work)
    assert "broken.mp4" in status.detail
    assert str(tmp_path) not in status.detail


def test_timelines_and_pictures_of_what_is_watched(served):
    async def work(talker):
        await talker.watched("clip")

    talk(served, work)
    code, headers, body = served.get("/timeline/clip")
    line = json.loads(body)
    assert (code, headers["content-type"]) == (200, "application/json")
    assert line["source"] == "clip"
    assert line["seen"] == [[0.0, 9.0]]
    assert line["gaps"] == line["pending"] == []
    code, headers, body = served.get("/picture/clip")
    assert code == 200
    assert headers["cache-control"] == "no-cache"
    assert headers["x-frame-time"] == "8.0"
    assert served.get("/stills/clip/8.0")[2] == body
    tag = headers["etag"]
    code, headers, body = served.get("/picture/clip", If_None_Match=tag)
    assert (code, body, headers["etag"], headers["x-frame-time"]) == (304, b"", tag, "8.0")
    tag = served.get("/timeline/clip")[1]["etag"]
    assert served.get("/timeline/clip", If_None_Match=tag)[0::2] == (304, b"")
    assert served.get("/timeline/clip", If_None_Match='"another"')[0] == 200
    # A time between two frames leads to the one before, and may lead elsewhere later.
    assert served.get("/stills/clip/3.7")[1]["cache-control"] == "no-cache"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
def test_tls_serves_https_and_wss_and_marks_its_cookie(serve, program, clip, tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
            "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    secret = tmp_path / "token"
    secret.write_text(TOKEN)
    served = serve(
        "--source", f"clip={clip}", "--tls-cert", cert, "--tls-key", key, "--token-file", secret
    )
    assert served.url.startswith("https://")
    asked = program.run(
        "ask", "--server", served.url, "clip", "red", "--token-file", secret,
        SSL_CERT_FILE=str(cert),
    )  # fmt: skip
    # It may be asked before anything is remembered; then it says so, over wss all the same.
    assert asked.returncode in (0, 4), asked.stderr
    untrusted = program.run("ask", "--server", served.url, "clip", "red", "--token", TOKEN)
    assert untrusted.returncode == 1
    assert "certificate" in untrusted.stderr
    context = ssl.create_default_context(cafile=str(cert))
    request = urllib.request.Request(
        f"{served.url}login", method="POST", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    with opener.open(request, timeout=30) as answer:
        assert "Secure" in answer.headers["set-cookie"]
