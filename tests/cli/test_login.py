"""`run_fno_paper login`: what it stores, what it says, and what it never shows."""

from __future__ import annotations

import logging
import sys
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from daemon.cli.login import cut_request_token, login_url
from daemon.errors import UsageError
from feeds.kite.credentials import Secret, read_credentials
from feeds.kite.http import KiteHttp
from tests.kit.cli import Result, invoke
from tests.kit.kite_api import CANARY, KiteApi, Reply, kite_api, refusal, success

API_SECRET: Final = "canaryApiSecret9876543210"
REQUEST: Final = "canaryRequest12345"
SESSION: Final = success({"user_id": "XX0000", "access_token": CANARY, "public_token": "p"})


class Place:
    """A configuration that points at a server here, and where the login is to go."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.config = directory / "live.yaml"
        self.file = directory / "private" / "kite.json"

    def log_in(self, api: KiteApi, *arguments: object, token: str = REQUEST) -> Result:
        self.config.write_text(
            f"feed:\n  kite:\n    api_url: {api.url}\n    credentials_file: {self.file}\n"
        )
        more = ["--request-token", token] if token else []
        return invoke("login", "--config", self.config, *more, *arguments)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("KITE_API_KEY", "apikey12")
    monkeypatch.setenv("KITE_API_SECRET", API_SECRET)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    return Place(tmp_path)


def test_a_login_is_stored_privately_and_told_in_one_line(place: Place) -> None:
    with kite_api(SESSION) as api:
        result = place.log_in(api)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"logged in: {place.file} holds the access token, valid until ")
    assert result.out.endswith(" 06:00 IST\n")
    assert result.out.count("\n") == 1
    assert place.file.stat().st_mode & 0o777 == 0o600
    login = read_credentials(place.file)
    assert (login.api_key, login.access_token) == ("apikey12", Secret(CANARY))
    (request,) = api.requests
    assert (request.method, request.path) == ("POST", "/session/token")
    assert "api_key=apikey12&request_token=canaryRequest12345&checksum=" in request.body


def test_the_whole_address_of_the_redirect_will_do(place: Place) -> None:
    pasted = f"https://127.0.0.1/?action=login&status=success&request_token={REQUEST}"
    with kite_api(SESSION) as api:
        assert place.log_in(api, "--api-key", "other", token=pasted).code == 0
    assert f"api_key=other&request_token={REQUEST}&" in api.requests[0].body


def test_without_a_configuration_the_users_own_file_is_written(
    tmp_path: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    from daemon.cli import login
    from daemon.settings.config import KiteConfig

    with kite_api(SESSION) as api:
        monkeypatch.setattr(login, "KiteConfig", lambda: KiteConfig(api_url=api.url))
        assert invoke("login", "--request-token", REQUEST).code == 0
    assert (tmp_path / "config/run_fno_paper/kite.json").exists()
    assert not place.file.exists()


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (refusal(403, "TokenException", "Token is invalid or has expired."), 77, "works once"),
        (refusal(403, "TokenException", "Invalid `checksum`."), 77, "KITE_API_SECRET"),
        (refusal(400, "InputException", "Invalid `api_key`."), 78, "Invalid `api_key`"),
        (refusal(503, "NetworkException", "maintenance"), 69, "maintenance"),
        (refusal(429, "NetworkException", "too many"), 69, "too many"),
        (Reply(body=b"<html>"), 69, "not what Kite documents"),
        (success({"user_id": "XX0000"}), 69, "not what Kite documents"),
        (success({"access_token": "a b\n"}), 78, "letters"),
        (Reply(302), 69, "redirects"),
    ],
)
def test_a_failed_login_is_one_line_and_stores_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, answer: Reply, code: int, words: str
) -> None:
    patient = partial(KiteHttp, sleep=lambda _: None)
    monkeypatch.setattr("daemon.cli.login.KiteHttp", patient)
    with kite_api(answer) as api:
        result = place.log_in(api)
    assert result.code == code
    assert words in result.complaint
    assert result.out == ""
    assert not place.file.exists()


def test_a_failed_login_leaves_the_old_one(place: Place) -> None:
    with kite_api(SESSION, refusal(403, "TokenException", "x")) as api:
        place.log_in(api)
        before = place.file.read_bytes()
        assert place.log_in(api).code == 77
    assert place.file.read_bytes() == before


def test_a_place_that_cannot_be_written_is_told(place: Place) -> None:
    place.file.parent.write_text("a file")
    with kite_api(SESSION) as api:
        result = place.log_in(api)
    assert (result.code, "credentials_file" in result.complaint) == (78, True)


@pytest.mark.parametrize("missing", ["KITE_API_KEY", "KITE_API_SECRET", ""])
def test_what_is_missing_is_told_where_there_is_no_terminal(
    place: Place, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    with open("/dev/null") as nothing, kite_api(SESSION) as api:
        monkeypatch.setattr(sys, "stdin", nothing)
        if missing:
            monkeypatch.delenv(missing)
        result = place.log_in(api, token=REQUEST if missing else "")
    assert result.code == 64
    assert (missing or "--request-token") in result.complaint
    assert api.requests == []
    assert ("https://kite.zerodha.com/connect/login?v=3&api_key=apikey12" in result.out) != bool(
        missing
    )


def test_what_is_missing_is_asked_for_and_the_secret_is_not_shown(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, bool]] = []
    answers = iter(["apikey12", API_SECRET, f"https://x/?request_token={REQUEST}"])

    def prompt(what: str, *, hide_input: bool) -> str:
        asked.append((what, hide_input))
        return next(answers)

    monkeypatch.delenv("KITE_API_KEY")
    monkeypatch.delenv("KITE_API_SECRET")
    monkeypatch.setattr("typer.prompt", prompt)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    with kite_api(SESSION) as api:
        result = place.log_in(api, token="")
    assert (result.code, result.err) == (0, "")
    assert [(what.split(",")[0], hidden) for what, hidden in asked] == [
        ("api_key", False),
        ("api_secret", True),
        ("request_token", False),
    ]
    assert login_url("apikey12") in result.out


def test_the_secret_has_no_option_on_the_command_line(place: Place) -> None:
    with kite_api(SESSION) as api:
        assert place.log_in(api, "--api-secret", API_SECRET).code == 64
    assert "api-secret" not in invoke("login", "--help").out.lower()


@pytest.mark.parametrize(
    "answer",
    [SESSION, refusal(403, "TokenException", f"{API_SECRET} {REQUEST}"),
     refusal(400, "InputException", f"{API_SECRET} {REQUEST}"), Reply(500), Reply(body=b"{"),
     success({"access_token": f"{CANARY}\n"}), success({"access_token": [CANARY]})],
)  # fmt: skip
def test_no_secret_is_shown_logged_or_left_anywhere_but_in_the_file(
    place: Place, caplog: pytest.LogCaptureFixture, answer: Reply
) -> None:
    with caplog.at_level(logging.DEBUG), kite_api(answer) as api:
        result = place.log_in(api)
    shown = "\n".join([result.out, result.err, *(each.getMessage() for each in caplog.records)])
    for secret in (API_SECRET, REQUEST, CANARY):
        assert secret not in shown
    written = {path: path.read_text() for path in place.directory.rglob("*") if path.is_file()}
    holding = {path for path, text in written.items() if CANARY in text}
    assert holding == ({place.file} if answer is SESSION else set())
    assert not [path for path, text in written.items() if API_SECRET in text or REQUEST in text]


@pytest.mark.parametrize(
    ("pasted", "token"),
    [
        (REQUEST, REQUEST),
        (f"  {REQUEST}\n", REQUEST),
        (f"http://127.0.0.1/?request_token={REQUEST}&action=login", REQUEST),
        (f"127.0.0.1:5000/cb?x=1&request_token={REQUEST}", REQUEST),
        (f"request_token={REQUEST}&status=success", REQUEST),
        (f"?request_token={REQUEST}", REQUEST),
    ],
)
def test_the_request_token_is_cut_out_of_what_is_pasted(pasted: str, token: str) -> None:
    assert cut_request_token(pasted) == token


@pytest.mark.parametrize(
    "pasted",
    ["", " ", "https://127.0.0.1/?status=error", "http://[?request_token=", "two words",
     f"?request_token={REQUEST}&request_token=other1", "?request_token=", "a" * 300, "₹",
     f"?request_token={REQUEST}%0d%0aX"],
)  # fmt: skip
def test_what_holds_no_request_token_is_refused_without_being_shown(pasted: str) -> None:
    with pytest.raises(UsageError, match="request_token") as told:
        cut_request_token(pasted)
    assert "\n" not in str(told.value)
    assert REQUEST not in str(told.value)


def test_the_login_page_gets_the_key_as_a_value() -> None:
    assert login_url("a&b=c d").endswith("?v=3&api_key=a%26b%3Dc%20d")
