"""The page in process: requests straight to the application, without a socket in between."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from daemon.domain.events import TradingEvent
from daemon.journal.schema import JournalMeta
from daemon.journal.store import JournalStore
from daemon.web.access.guard import allowed_hosts
from daemon.web.access.sessions import Sessions
from daemon.web.serving.routes import App
from daemon.web.site import Site, table_of
from daemon.web.sources.watched import Watched
from tests.kit.sample_events import by_input

PORT: Final = 8500
HOST: Final = f"127.0.0.1:{PORT}"
TOKEN: Final = "t" * 43
COOKIE: Final = "fno_session_8500"
WITHIN_S: Final = 30.0
Headers = Mapping[str, str]


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body of JSON."""
        return json.loads(self.body)


class Page(NamedTuple):
    """A site, its application, and the directory that it watches."""

    site: Site
    app: App
    directory: Path
    cut: list[Any]
    """The connections that were cut."""

    async def ask(
        self, path: str, method: str = "GET", body: bytes | str = b"", **headers: str
    ) -> Answer:
        """Send one request; underscores in a header's name stand for dashes."""
        data = body.encode() if isinstance(body, str) else body
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await ask(self.app, method, path, {"host": HOST, **sent}, data)

    async def post(self, path: str, value: Any, **headers: str) -> Answer:
        """Post a value as JSON."""
        body = json.dumps(value).encode()
        return await self.ask(path, "POST", body, content_type="application/json", **headers)

    async def login(self) -> dict[str, str]:
        """Log in and return the headers of a session."""
        answer = await self.post("/login", {"token": TOKEN})
        assert answer.status == 200, answer
        cookie = answer.headers["set-cookie"].partition(";")[0]
        return {"cookie": cookie, "x_csrf": answer.json()["csrf"]}

    async def get(self, path: str, who: Headers) -> Any:
        """Return what a route answers to a session."""
        answer = await self.ask(path, **who)
        assert answer.status == 200, answer
        return answer.json()


async def ask(app: Any, method: str, path: str, headers: Headers, body: bytes = b"") -> Answer:
    """Send one request to an application and wait for all of its answer."""
    messages: list[dict[str, Any]] = []
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop()
        await anyio.sleep_forever()
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    with anyio.fail_after(WITHIN_S):
        await app(scope_of(method, path, headers), receive, send)
    return Answer(
        messages[0]["status"],
        {name.decode(): value.decode() for name, value in messages[0]["headers"]},
        b"".join(message.get("body", b"") for message in messages[1:]),
    )


def scope_of(method: str, path: str, headers: Headers) -> dict[str, Any]:
    """Return what a server hands over; the path is not normalised, as with h11."""
    parts = urlsplit(f"//x{path}") if path.startswith("/") else urlsplit(path)
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": parts.path,
        "raw_path": parts.path.encode("utf-8", "surrogateescape"),
        "query_string": parts.query.encode("utf-8", "surrogateescape"),
        "root_path": "",
        "headers": [(n.lower().encode(), v.encode("latin-1")) for n, v in headers.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", PORT),
    }


class Message(NamedTuple):
    """One server-sent event; a beat has no name."""

    event: str
    id: str
    data: Any


class Stream:
    """An open stream; `next` waits for the next event."""

    def __init__(self, status: int, chunks: MemoryObjectReceiveStream[bytes]) -> None:
        self.status = status
        self.is_over = False
        self._chunks = chunks
        self._text = ""

    async def next(self) -> Message:
        """Return the next event. Raises anyio.EndOfStream at the end."""
        with anyio.fail_after(WITHIN_S):
            while "\n\n" not in self._text:
                self._text += (await self._chunks.receive()).decode()
        one, _, self._text = self._text.partition("\n\n")
        fields = dict(line.partition(": ")[::2] for line in one.split("\n"))
        data = fields.get("data", "null")
        return Message(fields.get("event", ""), fields.get("id", ""), json.loads(data))


@asynccontextmanager
async def streaming(page: Page, who: Headers, last: str = "") -> AsyncIterator[Stream]:
    """Open a stream and leave it at the end."""
    send_to, chunks = anyio.create_memory_object_stream[bytes](1_000)
    began = anyio.Event()
    status = 0
    headers = {"host": HOST, "cookie": who["cookie"]} | ({"last-event-id": last} if last else {})
    scope = scope_of("GET", "/api/stream", headers)
    first = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if first:
            return first.pop()
        await anyio.sleep_forever()
        raise AssertionError

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        elif message.get("body"):
            send_to.send_nowait(message["body"])
        if message["type"] == "http.response.body":
            began.set()

    async def run() -> None:
        with send_to:
            await page.app(scope, receive, send)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        with anyio.fail_after(WITHIN_S):
            await began.wait()
        with chunks:
            yield Stream(status, chunks)
        tasks.cancel_scope.cancel()


def write_journal(directory: Path, events: Sequence[TradingEvent]) -> JournalStore:
    """Begin a journal with events; the caller closes it."""
    meta = JournalMeta(run_id=directory.name, account="a", program_version="t", created_ts=1)
    store = JournalStore.create(directory, meta)
    put(store, events)
    return store


def put(store: JournalStore, events: Sequence[TradingEvent]) -> None:
    """Commit events, an input at a time."""
    for number, group in by_input(list(events)):
        store.append(group, input_no=number)


def page_of(directory: Path) -> Page:
    """Return the page of a run in `runs` of an output directory. The caller closes its follower."""
    cut: list[Any] = []
    watched = Watched(directory=directory, out=directory.parent.parent)
    sessions = Sessions(TOKEN)
    site = Site(watched, sessions, cookie=COOKIE, cut=cut.append)
    app = App(table_of(site), sessions, allowed_hosts("127.0.0.1", PORT), cookie=COOKIE)
    return Page(site, app, directory, cut)
