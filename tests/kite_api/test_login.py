"""Who may use the paper API (W9): keys of this machine, a login as Kite's, no real key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from daemon.errors import UsageError
from daemon.web.access.sessions import ApiKeys, put_api_keys, read_or_make_token
from daemon.web.kite.keys import Keys, read_or_make_keys
from daemon.web.kite.login import REAL_KEY
from tests.kite_api.desk import Desk, data_of, error_of


async def exchanged(desk: Desk, **more: Any) -> tuple[int, str, str]:
    keys = desk.keys
    fields = {"api_key": keys.api_key, "request_token": keys.request_token,
              "checksum": keys.checksum()} | more  # fmt: skip
    return error_of(await desk.send("POST", "/session/token", **fields))


def test_w9_keys_are_made_once_and_are_their_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "kite_api.json"
    made = read_or_make_keys(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert made.api_key.startswith("paper")
    assert read_or_make_keys(path) == made
    assert len({made.api_key, made.api_secret, made.request_token, made.access_token}) == 4
    assert json.loads(path.read_text()).keys() == set(Keys.__struct_fields__)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"version": 2}, "another version"),
        ({"api_key": "abcd1234"}, "another version"),
        ({"api_secret": "short"}, "too short"),
        ({"more": 1}, "not what this program writes"),
    ],
)
def test_w9_keys_that_are_not_understood_are_refused(
    change: dict[str, Any], expected: str, tmp_path: Path
) -> None:
    path = tmp_path / "kite_api.json"
    read_or_make_keys(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(UsageError, match=expected):
        read_or_make_keys(path)


def test_w9_keys_that_others_may_read_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "kite_api.json"
    read_or_make_keys(path)
    path.chmod(0o640)
    with pytest.raises(UsageError, match="other users may read it"):
        read_or_make_keys(path)


def test_w9_the_credentials_of_the_page_hold_the_keys_too(tmp_path: Path) -> None:
    path = tmp_path / "web.json"
    token = read_or_make_token(path)
    put_api_keys(path, ApiKeys("paper1", "secret", "request", "access"))
    assert read_or_make_token(path) == token
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text()) == {
        "version": 1, "page_token": token, "api_key": "paper1", "api_secret": "secret",
        "request_token": "request", "access_token": "access",
    }  # fmt: skip
    put_api_keys(path, ApiKeys("paper1", "secret", "request", ""))
    assert "access_token" not in json.loads(path.read_text())


async def test_w9_a_login_gives_the_session_and_the_time(desk: Desk) -> None:
    keys = desk.keys
    session = await desk.post(
        "/session/token", api_key=keys.api_key, request_token=keys.request_token,
        checksum=keys.checksum(),
    )  # fmt: skip
    assert session["access_token"] == keys.access_token
    assert session["user_id"] == "desk"
    assert len(session["login_time"]) == 19


@pytest.mark.parametrize("field", ["api_key", "request_token", "checksum"])
async def test_w9_a_login_with_a_wrong_field_is_refused(field: str, desk: Desk) -> None:
    status, kind, _ = await exchanged(desk, **{field: "paper-wrong"})
    assert (status, kind) == (403, "TokenException")
    status, kind, text = await exchanged(desk, **{field: ""})
    assert (status, kind, text) == (400, "InputException", f"Missing or empty field `{field}`")


async def test_w9_a_real_key_is_refused_in_words_and_not_logged(
    desk: Desk, log_lines: list[str]
) -> None:
    assert await exchanged(desk, api_key="abcd1234efgh5678") == (403, "TokenException", REAL_KEY)
    answer = await desk.raw("GET", "/orders", authorization="token abcd1234efgh5678:secret9")
    assert error_of(answer) == (403, "TokenException", REAL_KEY)
    said = "".join(log_lines)
    assert "/orders 403" in said
    assert "abcd1234" not in said
    assert "secret9" not in said


@pytest.mark.parametrize(
    "header",
    ["", "token", "token {key}", "token {key}:", "token {key}:wrong", "Bearer {key}:{token}",
     "token paper:{token}", "{key}:{token}", "token {token}:{key}"],
)  # fmt: skip
async def test_w9_a_request_without_the_session_is_a_token_exception(
    header: str, desk: Desk
) -> None:
    keys = desk.keys
    given = header.format(key=keys.api_key, token=keys.access_token)
    answer = await desk.raw("GET", "/user/profile", authorization=given)
    assert error_of(answer)[:2] == (403, "TokenException")


async def test_w9_a_session_that_was_ended_opens_nothing_until_the_next_login(desk: Desk) -> None:
    keys, ended = desk.keys, []
    desk.api.login.on_end = lambda: ended.append(desk.keys.access_token)
    wrong = await desk.send(
        "DELETE", "/session/token", api_key=keys.api_key, access_token="paper-wrong"
    )
    assert error_of(wrong)[:2] == (403, "TokenException")
    assert not ended
    gone = await desk.send(
        "DELETE", "/session/token", api_key=keys.api_key, access_token=keys.access_token
    )
    assert data_of(gone) is True
    assert desk.keys.access_token == ""
    assert ended == [""]  # open tickers end once their token is none any more
    for token in (keys.access_token, ""):
        answer = await desk.raw("GET", "/orders", authorization=f"token {keys.api_key}:{token}")
        assert error_of(answer)[:2] == (403, "TokenException")
    session = await desk.post(
        "/session/token", api_key=keys.api_key, request_token=keys.request_token,
        checksum=keys.checksum(),
    )  # fmt: skip
    assert session["access_token"] not in ("", keys.access_token)
    assert await desk.get("/orders") == []
    assert [each.access_token for each in desk.told] == [
        keys.access_token, "", session["access_token"]
    ]  # fmt: skip


async def test_w9_a_refresh_token_is_refused_in_words(desk: Desk) -> None:
    answer = await desk.send("DELETE", "/session/token", api_key="x", refresh_token="y")
    assert error_of(answer)[:2] == (403, "PermissionException")
