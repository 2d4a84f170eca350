"""A live account with its page: what other users reach, where secrets are, what a kill changes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import anyio
import anyio.to_thread
import httpx
import pytest

from daemon.quotes.place import find_map
from daemon.web.hooks.store import HOOKS_FILE, Hook, hash_of, write_hooks
from daemon.web.kite.keys import KEYS_FILE
from daemon.web.site import table_of
from tests.cli.test_live_page import children
from tests.kit import stranger
from tests.kit.cli import finished, spawn, wait_for
from tests.kit.live import (
    ACCOUNT,
    free_port,
    market,
    replays_equal,
    run,
    script_of,
    server_of,
    write_live_config,
)
from tests.kit.other_listeners import HOOK_ROUTES, Crossed, Keys, crossed, kite_routes
from tests.kit.web import page_of

pytestmark = pytest.mark.ci

KITE_KEY: Final = "canaryapikey0001"
KITE_TOKEN: Final = "canaryaccesstoken0002"
KITE_SECRET: Final = "canaryapisecret0003"
CHANNEL: Final = "canarychannel0004"
METRICS: Final = "canarymetrics0007"
HOOK: Final = "canaryhooktoken0008"
HOOK_MESSAGE: Final = {"symbol": "NIFTY26NOVFUT", "action": "buy"}
SECRET_FILES: Final = ("kite.json", "alerts.json", "metrics")


class Seen(NamedTuple):
    """What was seen while the daemon traded, and its files after it."""

    place: Path
    tried: dict[str, Any]
    paths: list[Path]
    open_file: Path
    ports: tuple[set[int], set[int]]
    """Where the daemon and the page listen."""
    page_ports: set[int]
    other_answers: dict[str, list[Any]]
    """Everything that another user was answered by the API and by the hooks."""
    crossed: list[Crossed]
    """What each listener answered to the keys of another."""
    hooked: tuple[int, str]
    """What the owner's own message to the hook was answered."""
    kite_keys: set[str]
    process_lists: bytes
    """All command lines of the machine, and the page's environments."""
    answers: bytes
    """Everything that was answered to someone without a session."""
    secrets: dict[str, Path | None]
    """Each with the file that it belongs to."""
    old_session: int
    """What the session of the killed page is answered by the one that came back."""
    mode_after: str
    code: int
    said: str


@pytest.fixture(scope="module")
def seen() -> Iterator[Seen]:
    """One session: strangers, wrong logins, errors, a page that is killed."""
    with tempfile.TemporaryDirectory(prefix="fno-strangers-") as text:
        place = Path(text)
        place.chmod(0o755)  # other users get as far as the account
        yield run(_session, place)


async def _session(place: Path) -> Seen:
    of, port = market(), free_port()
    ports = [free_port() for _ in range(3)]
    page_port, kite_port, hook_port = ports
    login = {"version": 1, "api_key": KITE_KEY, "access_token": KITE_TOKEN}
    (place / "kite.json").touch(0o600)
    (place / "kite.json").write_text(json.dumps(login | {"login_ts": time.time_ns()}))
    config = write_live_config(
        place, of, script_of(of, 1), port=port,
        kite={"credentials_file": str(place / "kite.json")},
    )  # fmt: skip
    _store_secrets(place)
    config.write_text(
        f"{config.read_text()}"
        f"web: {{enabled: true, port: {page_port}, kite: {{port: {kite_port}}},"
        f" hooks: {{port: {hook_port}}},"
        f" metrics_token_file: {place / 'metrics'}}}\n"
        f"alerts: {{enabled: true, channels_file: {place / 'alerts.json'}}}\n"
    )
    environment = {"NOTIFY_SOCKET": "", "KITE_API_SECRET": KITE_SECRET}
    async with server_of(of, port, speed="60") as server:
        daemon = spawn("--config", config, env=environment)
        try:
            look = await anyio.to_thread.run_sync(_look, place, ports, daemon.pid)
            await server.finished()
            daemon.terminate()
            done = await anyio.to_thread.run_sync(finished, daemon)
        finally:
            daemon.kill()
    said = done.out + done.err
    return Seen(place=place, code=done.code, said=said, page_ports=set(ports), **look)


def _store_secrets(place: Path) -> None:
    """Store an address of alerts where nothing answers, and the token of the page's numbers."""
    channels = {"phone": f"json://user:{CHANNEL}@127.0.0.1:1/{CHANNEL}"}
    for name, text in (
        ("alerts.json", json.dumps({"version": 1, "channels": channels})), ("metrics", METRICS),
    ):  # fmt: skip
        (place / name).touch(0o600)
        (place / name).write_text(text)
    account = place / "accounts" / ACCOUNT
    account.mkdir(parents=True, mode=0o700)
    hook = Hook(id="one", hash=hash_of(HOOK), strategy="nobody", map="tradingview")
    write_hooks(account / HOOKS_FILE, [hook])


def _look(place: Path, own_ports: Sequence[int], daemon: int) -> dict[str, Any]:
    port, kite_port, hook_port = own_ports
    account = place / "accounts" / ACCOUNT
    open_file = place / "for-everyone"
    open_file.write_text("x")
    open_file.chmod(0o644)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        wait_for(lambda: _answers(client))
        token = _token(account)
        (child,) = children(daemon)
        routes = [(r.method, _filled(r.path)) for r in table_of(page_of(account).site)]
        shared = find_map(account)
        own = [place / name for name in SECRET_FILES]
        paths = [open_file, *own, account, *sorted(account.rglob("*"))]
        paths += [shared]
        tried = (
            stranger.tries(paths, [daemon, child], port, routes) if not stranger.why_not() else {}
        )
        others = _others(account, kite_port, hook_port) if tried else {}
        ports = _listens_on(daemon), _listens_on(child)
        told = _misuse(client, token)
        csrf = client.post("/login", json={"token": token}).json()["csrf"]
        cookie = dict(client.cookies)
        client.get("/api/now")
        numbers = client.get("/metrics", headers={"Authorization": f"Bearer {METRICS}"})
        assert numbers.status_code == 200
        client.post("/api/do", json={"do": token}, headers={"X-CSRF": csrf})
        session = "; ".join(f"{name}={value}" for name, value in cookie.items())
        keys_crossed = crossed(own_ports, Keys(session, token, _program(account), HOOK))
        hooked = client.post(f"http://127.0.0.1:{hook_port}/hook/{HOOK}", json=HOOK_MESSAGE)
        lists = _lists(child)
        os.kill(child, signal.SIGKILL)
        wait_for(lambda: _answers(client))
        old = client.get("/api/now").status_code
        client.post("/login", json={"token": token})
        mode = client.get("/api/now").json()["panels"]["header"]["mode"]
        lists += _lists(*children(daemon))
        secrets: dict[str, Path | None] = {
            token: account / "web.json", KITE_TOKEN: place / "kite.json",
            KITE_KEY: place / "kite.json", KITE_SECRET: None, csrf: None,
            CHANNEL: place / "alerts.json", METRICS: place / "metrics", HOOK: None,
            **dict.fromkeys(cookie.values()),
        }  # fmt: skip
    return {
        "tried": tried, "paths": paths, "open_file": open_file, "ports": ports,
        "kite_keys": _kite_keys(account), "other_answers": others, "crossed": keys_crossed,
        "hooked": (hooked.status_code, hooked.text),
        "process_lists": lists, "answers": told, "secrets": secrets, "old_session": old,
        "mode_after": mode,
    }  # fmt: skip


def _misuse(client: httpx.Client, token: str) -> bytes:
    """Log in wrongly, and put the token where it does not belong; return what was answered."""
    wrong = [
        client.post("/login", json={"token": f"{token}x"}),
        client.post("/login", content=f'{{"token": "{token}"', headers={
            "Content-Type": "application/json"}),
        client.post("/login", json={"token": token, "more": 1}),
        client.get("/api/now", headers={"Cookie": f"fno_session={token}"}),
        client.get("/api/now", headers={"Authorization": f"Bearer {token}"}),
        client.get(f"/api/stream?last={token}"),
        client.get(f"/{token}"),
        client.get("/", headers={"Host": token}),
        client.get("/metrics"),
        client.get("/metrics", headers={"Authorization": f"Bearer {token}"}),
    ]  # fmt: skip
    assert {answer.status_code for answer in wrong} <= {400, 401, 403, 404}
    return b"".join(answer.content + repr(answer.headers).encode() for answer in wrong)


def _lists(*pages: int) -> bytes:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            found.append(path.read_bytes())
    return b"\n".join(found + [Path(f"/proc/{pid}/environ").read_bytes() for pid in pages])


def _listens_on(pid: int) -> set[int]:
    """Return the TCP ports on which a process listens."""
    links: list[str] = []
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # it was closed meanwhile
            links.append(os.readlink(each))
    inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
    tables = (Path(f"/proc/{pid}/net/{name}").read_text() for name in ("tcp", "tcp6"))
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    return {int(row[1].rpartition(":")[2], 16) for row in rows
            if row[3] == "0A" and row[9] in inodes}  # fmt: skip


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/login").status_code == 200
    except httpx.TransportError:
        return False


def _kite_keys(account: Path) -> set[str]:
    keys = json.loads((account / KEYS_FILE).read_bytes())
    return {keys[name] for name in ("api_key", "api_secret", "request_token", "access_token")}


def _others(account: Path, kite_port: int, hook_port: int) -> dict[str, list[Any]]:
    """Return what another user is answered by the API and by the hooks."""
    asked = {"kite": (kite_port, kite_routes(account)), "hooks": (hook_port, HOOK_ROUTES)}
    return {
        name: stranger.tries([], [], port, routes)["answers"]
        for name, (port, routes) in asked.items()
    }


def _program(account: Path) -> str:
    keys = json.loads((account / KEYS_FILE).read_bytes())
    return f"token {keys['api_key']}:{keys['access_token']}"


def _token(account: Path) -> str:
    return str(json.loads((account / "web.json").read_bytes())["page_token"])


def _filled(path: str) -> str:
    return path.replace("{name:path}", "page.js").replace("{name}", "charts.js").replace(
        "{trade}", "V3-20261118-000001"
    )  # fmt: skip


def test_another_user_reaches_no_file_socket_or_process_of_an_account(seen: Seen) -> None:
    if not seen.tried:
        pytest.skip(stranger.why_not())
    account = seen.place / "accounts" / ACCOUNT
    assert {
        "alerts.db", "control.sock", "head", "journal.db", "journal.db-wal", "lock", "recordings",
        "requests.sock", HOOKS_FILE, "web.json", KEYS_FILE, "web.log", "web.out",
        find_map(account).name,
    } <= {path.name for path in seen.paths}  # fmt: skip
    worked = {tuple(each) for each in seen.tried["worked"]}
    allowed = {("stat", str(seen.open_file)), ("read", str(seen.open_file)),
               *(("stat", str(seen.place / name)) for name in SECRET_FILES),
               ("stat", str(account))}  # fmt: skip
    assert worked <= allowed
    assert ("read", str(seen.open_file)) in worked  # the stranger can read at all


def test_without_a_token_another_user_gets_the_login_and_nothing_else(seen: Seen) -> None:
    if not seen.tried:
        pytest.skip(stranger.why_not())
    answers = seen.tried["answers"]
    assert len(answers) >= 17
    for method, path, status, body in answers:
        if (method, path) in {("GET", "/login"), ("POST", "/login")}:
            assert status == (200 if method == "GET" else 400), (method, path)
        elif path == "/healthz":
            assert status in (200, 503), (method, path)
        else:
            assert status == (303 if path == "/" else 401), (method, path)
        assert not any(secret in body for secret in seen.secrets)


def test_without_keys_another_user_gets_nothing_of_the_api_and_of_hooks(seen: Seen) -> None:
    if not seen.tried:
        pytest.skip(stranger.why_not())
    kite, hooks = seen.other_answers["kite"], seen.other_answers["hooks"]
    assert len(kite) > 40
    assert len(hooks) == len(HOOK_ROUTES)
    for method, path, status, body in kite:
        is_login = (method, path) == ("POST", "/session/token")
        assert status == (415 if is_login else 403), (method, path)
        assert json.loads(body)["data"] is None
    for method, path, status, _ in hooks:
        assert status == (405 if (method, path[:6]) == ("GET", "/hook/") else 404), (method, path)
    secrets = [*seen.secrets, *seen.kite_keys]
    assert not [row for row in (*kite, *hooks) if any(secret in row[3] for secret in secrets)]


def test_keys_of_one_listener_open_no_other_and_no_site_may_read_an_answer(seen: Seen) -> None:
    assert {each.status for each in seen.crossed} <= {401, 403, 404, 405}, seen.crossed
    assert not [each for each in seen.crossed if each.allows_origin]
    secrets = [each.encode() for each in (*seen.secrets, *seen.kite_keys)]
    assert not [each for each in seen.crossed if any(secret in each.body for secret in secrets)]
    assert seen.hooked[0] == 422, seen.hooked  # the hook's own token is heard: no such strategy


def test_the_page_listens_on_its_own_ports_and_the_daemon_on_none(seen: Seen) -> None:
    assert seen.ports == (set(), seen.page_ports)


def test_a_secret_is_in_its_own_file_and_nowhere_else(seen: Seen) -> None:
    files = [each for each in seen.place.rglob("*") if each.is_file()]
    assert len(files) > 8
    log = (seen.place / "accounts" / ACCOUNT / "web.log").read_text()
    assert "alerts: channel phone fails" in log  # it was tried
    for secret, own in seen.secrets.items():
        found = [each for each in files if secret.encode() in each.read_bytes()]
        assert found == ([own] if own else [])
        for told in (seen.process_lists, seen.answers, seen.said.encode()):
            assert secret.encode() not in told
    assert b"--config" in seen.process_lists  # the lists are those of this machine
    account = seen.place / "accounts" / ACCOUNT
    for key in seen.kite_keys:  # the credentials of the page hold a copy
        holding = {each for each in files if key.encode() in each.read_bytes()}
        assert holding == {account / "web.json", account / KEYS_FILE}
        for told in (seen.process_lists, seen.answers, seen.said.encode()):
            assert key.encode() not in told


def test_a_page_that_is_killed_comes_back_and_the_daemon_trades_the_same(seen: Seen) -> None:
    assert seen.old_session == 401  # sessions end with the process, the token does not
    assert seen.mode_after == "live"
    assert seen.code == 0
    assert "page's process ended (signal 9)" in seen.said
    [recording] = (seen.place / "accounts" / ACCOUNT / "recordings").iterdir()
    replays = Path(tempfile.mkdtemp())
    try:
        replays_equal(recording, replays)
    finally:
        shutil.rmtree(replays)
