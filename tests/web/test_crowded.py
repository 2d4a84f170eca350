"""W12: a connection too many is refused in words, by each listener in its own form."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from daemon.web import listener as listeners
from daemon.web.kite.app import CROWDED
from daemon.web.listener import Listener

ANSWER = PlainTextResponse("an answer")


@asynccontextmanager
async def served(crowded: ASGIApp) -> AsyncIterator[str]:
    """A listener that answers, with its address."""
    listener = Listener("127.0.0.1", 0)
    async with anyio.create_task_group() as tasks:

        async def serve() -> None:
            await listener.serve(ANSWER, crowded=crowded)

        tasks.start_soon(serve)
        try:
            yield listener.url
        finally:
            listener.stop()


@pytest.mark.parametrize("crowded", [CROWDED, listeners.CROWDED])
async def test_w12_a_connection_too_many_hears_why_and_is_closed_and_a_free_one_is_answered(
    crowded: ASGIApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "CONNECTIONS_MAX", 2)
    with anyio.fail_after(30):
        async with served(crowded) as url, AsyncExitStack() as stack:
            three = [httpx.AsyncClient(timeout=30) for _ in "abc"]
            clients = [await stack.enter_async_context(each) for each in three]
            for client in clients[:2]:  # connections stay open
                assert (await client.get(url)).text == "an answer"
            refused = await clients[2].get(url)
            assert (refused.status_code, refused.headers["connection"]) == (503, "close")
            if crowded is CROWDED:
                told = refused.json()
                assert told.keys() == {"status", "message", "data", "error_type"}
                assert told["error_type"] == "NetworkException"
            assert b"too many connections" in refused.content
            await clients[0].aclose()
            while (await clients[2].get(url)).status_code == 503:  # until that end is seen
                await anyio.lowlevel.checkpoint()
