"""Hooks before a live daemon (W15): a message becomes an input, an order, and the same again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import yaml

from daemon.domain.events import OrderCreated
from daemon.runtime.app import App
from daemon.web.hook_server import HookAddress, HookServer
from daemon.web.hooks.store import HOOKS_FILE, Hook, hash_of, write_hooks
from daemon.web.sources.watched import Watched
from tests.kit.live import (
    ACCOUNT,
    free_port,
    market,
    proven,
    run,
    server_of,
    took_all,
    trading,
    until,
    write_live_config,
)

TOKEN = "t" * 43
EXTERNAL = {"id": "ext", "module": "strategies.external", "class": "External", "product": "NRML"}


def configured(place: Path, config: Path) -> Path:
    """The configuration with a strategy for messages, and a hook for it."""
    loaded = yaml.safe_load(config.read_text())
    loaded["strategies"]["list"].append(EXTERNAL)
    config.write_text(yaml.safe_dump(loaded))
    directory = place / "accounts" / ACCOUNT
    directory.mkdir(parents=True, mode=0o700)
    hook = Hook(id="one", hash=hash_of(TOKEN), strategy="ext", map="tradingview", lots=1)
    write_hooks(directory / HOOKS_FILE, [hook])
    return directory


@pytest.mark.ci
def test_w15_a_message_is_an_input_that_is_recorded_and_run_again(tmp_path: Path) -> None:
    of = market(1_500)
    port = free_port()
    config = write_live_config(tmp_path, of, [], port=port)
    directory = configured(tmp_path, config)
    symbol = of.universe[1].tradingsymbol

    async def post(url: str, message: Any) -> httpx.Response:
        async with httpx.AsyncClient() as client:
            return await client.post(f"{url}hook/{TOKEN}", json=message, timeout=20)

    async def session() -> App:
        async with server_of(of, port) as server, trading(config) as app:
            await server.finished()
            await until(took_all(app, server))
            hooks = HookServer(
                Watched(directory=directory, out=tmp_path), HookAddress("127.0.0.1", 0)
            )
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(hooks.serve)
                bought = await post(hooks.listener.url, {"symbol": symbol, "action": "buy"})
                assert bought.status_code == 202, bought.text
                again = await post(hooks.listener.url, {"symbol": symbol, "action": "buy"})
                assert (again.status_code, again.json()) == (200, {"status": "duplicate"})
                sold = await post(hooks.listener.url, {"symbol": symbol, "action": "exit"})
                assert sold.json()["input_no"] > bought.json()["input_no"]
                hooks.listener.stop()
        return app

    outcome = proven(tmp_path, run(session))
    (made,) = [
        each
        for each in outcome.events
        if isinstance(each, OrderCreated) and each.order.strategy_id == "ext"
    ]
    assert (made.order.tradingsymbol, made.order.product) == (symbol, "NRML")
    assert made.order.quantity == of.universe[1].lot_size
