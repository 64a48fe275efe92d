from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture import Credentials, CredentialsError, find_credentials
from capture.credentials import PASSWORD_VARIABLE, USER_VARIABLE, redact

words = st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=6, max_size=12)


def netrc(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "cameras"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_printing_credentials_shows_nothing() -> None:
    hidden = Credentials("eye", "s3cret")
    assert "s3cret" not in f"{hidden!r} {hidden} {[hidden]}"
    assert "eye" not in repr(hidden)


def test_variables_come_before_the_file(tmp_path) -> None:
    file = netrc(tmp_path, "machine cam login filed password word\n")
    variables = {USER_VARIABLE: "eye", PASSWORD_VARIABLE: "pw"}
    assert find_credentials("cam", variables=variables, file=file) == Credentials("eye", "pw")
    assert find_credentials("cam", variables={}, file=file) == Credentials("filed", "word")
    assert find_credentials("other", file=file) is None
    assert find_credentials("cam") is None


def test_an_entry_that_names_the_host_may_be_asked_for_alone(tmp_path) -> None:
    named = "machine cam login filed password word\n"
    file = netrc(tmp_path, named + "default login any password body\n")
    variables = {USER_VARIABLE: "eye", PASSWORD_VARIABLE: "pw"}

    def found(host: str) -> Credentials | None:
        return find_credentials(host, variables=variables, file=file, named_only=True)

    assert found("cam") == Credentials("filed", "word")
    assert found("other") is None
    assert found("default") is None  # netrc's reader keeps the entry for all others so
    assert find_credentials("other", file=file) == Credentials("any", "body")
    assert find_credentials("cam", variables=variables, named_only=True) is None


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        ("machine cam login x password s3cret", 0o644, "chmod 600"),
        ("machine cam login x pass s3cret", 0o600, "malformed"),
    ],
)
def test_a_bad_file_is_refused_without_repeating_it(tmp_path, text, mode, words) -> None:
    with pytest.raises(CredentialsError, match=words) as refused:
        find_credentials("cam", file=netrc(tmp_path, text, mode))
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_missing_file_is_told(tmp_path) -> None:
    with pytest.raises(CredentialsError, match="cannot read"):
        find_credentials("cam", file=tmp_path / "none")


@given(user=words, password=words, host=st.sampled_from(["cam", "10.0.0.7:554", "[::1]:8554"]))
def test_redaction_leaves_nothing_of_user_password_and_query(user, password, host) -> None:
    held = Credentials(user, password)
    message = f"Invalid data: 'rtsp://{held.for_url}{host}/x?key=tok3n' and {password}\nagain"
    shown = redact(message, held)
    assert "tok3n" not in shown
    assert password not in shown
    assert quote(password, safe="") not in shown
    assert "\n" not in shown
    assert host in shown
