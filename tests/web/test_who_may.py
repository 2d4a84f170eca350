"""W4: who is answered. Every route, with what must not open it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import UsageError
from daemon.web.access import guard
from daemon.web.access.sessions import (
    SESSION_S,
    WRONG_MAX,
    WRONG_WITHIN_S,
    Sessions,
    TooManyWrong,
    read_or_make_token,
)
from daemon.web.site import table_of
from tests.kit.web import HOST, TOKEN, Page, page_of

MONITORING = {("GET", "/metrics"), ("GET", "/healthz")}
OPEN = {
    ("GET", "/login"), ("POST", "/login"), ("GET", "/assets/{name:path}"), *MONITORING,
}  # fmt: skip
TRAVERSALS = (
    "..", "%2e%2e", "..%2f", "%2e%2e%2f", "..%5c", "....//", "..;", "%252e%252e", ".%00", "~",
    "etc/passwd", "proc/self/environ", "web.json", "journal.db", "%c0%ae%c0%ae", "\\..\\", "//",
    "con", ".git/config", "daemon/web/site.py", "?file=/etc/passwd", "\u2025", "%ff", "login.html",
)  # fmt: skip


def filled(path: str) -> str:
    return path.replace("{name:path}", "page.css").replace("{name}", "x").replace("{trade}", "x")


def routes(page: Page) -> list[tuple[str, str]]:
    return [(route.method, filled(route.path)) for route in table_of(page.site)]


async def test_only_the_login_and_what_a_monitor_asks_are_open(page: Page) -> None:
    found = {(each.method, each.path) for each in table_of(page.site) if each.is_open}
    assert found == OPEN
    for route in table_of(page.site):
        if (route.method, route.path) in OPEN:
            continue
        answer = await page.ask(filled(route.path), route.method)
        assert answer.status == (303 if route.is_page else 401), route.path


async def test_an_asset_of_the_page_needs_a_session(page: Page) -> None:
    assert (await page.ask("/assets/page.css")).status == 401
    assert (await page.ask("/assets/page.html")).status == 401
    answer = await page.ask("/assets/page.html", **await page.login())
    assert answer.status == 404  # it is the document of /


async def test_a_login_gives_a_cookie_that_is_not_the_token(page: Page) -> None:
    answer = await page.post("/login", {"token": TOKEN})
    cookie = answer.headers["set-cookie"]
    assert TOKEN not in cookie
    assert {"HttpOnly", "SameSite=strict", "Path=/", f"Max-Age={SESSION_S}"} <= {
        part.strip() for part in cookie.split(";")
    }
    assert answer.json().keys() == {"csrf"}


async def test_every_answer_carries_the_headers(page: Page) -> None:
    who = await page.login()
    for method, path in [*routes(page), ("GET", "/nothing"), ("PUT", "/")]:
        if path == "/api/stream":
            continue
        answer = await page.ask(path, method, **who)
        for name in ("Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options"):
            assert answer.headers[name.lower()] == guard.HEADERS[name], path
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1"},
        {"host": "127.0.0.1:8501"},
        {"host": ""},
        {"host": f"{HOST}.evil.example"},
        {"origin": "http://127.0.0.1:8501"},
        {"origin": "http://127.0.0.1"},
        {"origin": "null"},
        {"origin": "http://localhost:8500"},
        {"origin": "https://evil.example"},
        {"origin": "file://"},
        {"origin": "http://127.0.0.1:8500@evil.example"},
        {"origin": "http://127.0.0.1:8500/x"},
        {"origin": "http://127.0.0.1:x"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "SAME-ORIGIN"},
    ],
    ids=str,
)
async def test_a_foreign_host_origin_or_site_opens_no_route(
    wrong: dict[str, str], page: Page
) -> None:
    who = await page.login()
    for method, path in routes(page):
        if wrong == {"sec-fetch-site": "none"} and path in ("/", "/login") and method == "GET":
            continue
        headers = {name.replace("-", "_"): value for name, value in wrong.items()}
        answer = await page.ask(path, method, **{**who, **headers})
        assert answer.status == 403, (method, path)


async def test_the_page_itself_is_answered(page: Page) -> None:
    who = await page.login()
    own = {"sec_fetch_site": "same-origin", "origin": f"http://{HOST}"}
    assert (await page.ask("/api/now", **who, **own)).status == 200
    assert (await page.ask("/login", sec_fetch_site="none")).status != 403
    assert (await page.ask("/", sec_fetch_site="none")).status == 303


@pytest.mark.parametrize("host", ["localhost:8500", "[::1]:8500", "LOCALHOST:8500"])
async def test_each_name_of_this_machine_is_a_host(host: str, page: Page) -> None:
    who = await page.login()
    answer = await page.ask("/api/now", **{**who, "host": host, "origin": f"http://{host}"})
    assert answer.status == 200


async def test_a_request_that_changes_something_needs_the_sessions_csrf(page: Page) -> None:
    who, other = await page.login(), await page.login()
    action = {"do": "exit", "target": "V3-20261118-000001"}
    for sent in ({}, {"x_csrf": ""}, {"x_csrf": other["x_csrf"]}, {"x_csrf": "\u00e9"}):
        headers = {"cookie": who["cookie"], **sent}
        assert (await page.post("/api/do", action, **headers)).status == 403
        assert (await page.post("/logout", {}, **headers)).status == 403
    assert (await page.post("/api/do", action, **who)).status == 200


async def test_a_body_must_be_json_and_small(page: Page) -> None:
    who = await page.login()
    for path in ("/api/do", "/login"):
        plain = await page.ask(path, "POST", b"{}", content_type="text/plain", **who)
        assert plain.status == 415
        assert (await page.ask(path, "POST", b"{}", **who)).status == 415
        big = b'{"token": "' + b"x" * 70_000 + b'"}'
        answer = await page.ask(path, "POST", big, content_type="application/json", **who)
        assert answer.status == 413


@settings(deadline=None, max_examples=80)
@given(body=st.binary(max_size=300))
async def test_no_body_is_understood_by_chance(body: bytes) -> None:
    sessions_page = _bare_page()
    who = await sessions_page.login()
    for path in ("/api/do", "/login"):
        answer = await sessions_page.ask(path, "POST", body, content_type="application/json", **who)
        assert answer.status == 400, body


_PAGES: list[Page] = []


def _bare_page() -> Page:
    """A page without a journal: its routes answer all the same."""
    if not _PAGES:
        _PAGES.append(page_of(Path("/nonexistent/runs/none")))
    return _PAGES[0]


async def test_500_paths_that_climb_reach_nothing(page: Page) -> None:
    who, draw = await page.login(), random.Random(1)
    for _ in range(500):
        parts = [draw.choice(TRAVERSALS) for _ in range(draw.randrange(1, 5))]
        base = draw.choice(("/assets/", "/charts/", "/api/trade/", "/", "/api/"))
        path = base + "/".join(parts).replace("?", "%3F")
        answer = await page.ask(path, **who)
        assert answer.status == 404, path
        assert b"root:" not in answer.body


async def test_other_methods_are_refused_by_every_route(page: Page) -> None:
    who = await page.login()
    for path in sorted({path for _, path in routes(page)}):
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"):
            assert (await page.ask(path, method, **who)).status == 405, (method, path)


async def test_no_query_breaks_a_route(page: Page) -> None:
    who, draw = await page.login(), random.Random(2)
    values = ("", "2026-11-18", "2026-02-31", "9999-12-31", "0000-00-00", "-1", "1e9", "%00",
              "../x", "x" * 5000, "NIFTY26NOVFUT", "18446744073709551616", "%F0%9F%92%A9",
              "one")  # fmt: skip
    keys = ("day", "symbol", "run", "after", "a", "b", "last")
    paths = [p for m, p in routes(page) if m == "GET" and p != "/api/stream"]
    for _ in range(400):
        query = "&".join(f"{key}={draw.choice(values)}" for key in draw.sample(keys, 4))
        answer = await page.ask(f"{draw.choice(paths)}?{query}", **who)
        assert answer.status in (200, 400, 404), (answer, query)


async def test_wrong_tokens_are_counted_and_then_nobody_is_let_in_for_a_minute(page: Page) -> None:
    for _ in range(WRONG_MAX):
        assert (await page.post("/login", {"token": "wrong"})).status == 401
    assert (await page.post("/login", {"token": TOKEN})).status == 429


def test_a_session_ends_after_12_hours_and_a_minute_forgives() -> None:
    sessions = Sessions(TOKEN)
    for at in range(WRONG_MAX):
        assert sessions.login("\udcff", at) is None
    with pytest.raises(TooManyWrong):
        sessions.login(TOKEN, WRONG_WITHIN_S - 1)
    found = sessions.login(TOKEN, WRONG_WITHIN_S)
    assert found is not None
    cookie, session = found
    assert sessions.of(cookie, WRONG_WITHIN_S + SESSION_S - 1) == session
    assert sessions.of(cookie, WRONG_WITHIN_S + SESSION_S) is None
    assert sessions.of("", 0) is None
    assert sessions.of(TOKEN, 0) is None
    assert sessions.is_over(session.name, WRONG_WITHIN_S + SESSION_S)


async def test_after_a_logout_the_cookie_opens_nothing(page: Page) -> None:
    who = await page.login()
    assert (await page.post("/logout", {}, **who)).status == 200
    assert (await page.ask("/api/now", **who)).status == 401


def test_the_token_is_kept_in_a_file_of_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "web.json"
    token = read_or_make_token(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_or_make_token(path) == token
    assert len(token) >= 43


@pytest.mark.parametrize(
    "text", ["", "{}", '{"version": 2, "page_token": "x"}', '{"version": 1, "page_token": "short"}']
)
def test_a_token_file_that_is_none_is_refused_in_a_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "web.json"
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(UsageError, match="remove it"):
        read_or_make_token(path)


def test_a_token_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "web.json"
    read_or_make_token(path)
    path.chmod(0o644)
    with pytest.raises(UsageError, match="other users may read it"):
        read_or_make_token(path)


def test_further_hosts_are_names_and_nothing_else() -> None:
    hosts = guard.allowed_hosts("0.0.0.0", 8500, ["desk.example", "Desk:444"])
    assert {"desk.example", "desk.example:8500", "desk:444", "127.0.0.1:8500"} <= hosts
    assert "evil.example" not in hosts
    for wrong in ("*", "http://x", "a b", "", "x/y"):
        with pytest.raises(UsageError):
            guard.allowed_hosts("127.0.0.1", 8500, [wrong])
