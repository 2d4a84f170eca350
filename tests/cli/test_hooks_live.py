"""Hooks before a live daemon (W15): a message becomes an input, an order, and the same again."""

from __future__ import annotations

from pathlib import Path

import anyio
import httpx
import pytest
import yaml

from daemon.domain.events import OrderCreated
from daemon.runtime.app import App
from daemon.runtime.live import open_live
from daemon.settings.file import load_config
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

    async def talk(url: str) -> list[httpx.Response]:
        messages = [{"symbol": symbol, "action": each} for each in ("buy", "buy", "exit")]
        async with httpx.AsyncClient(timeout=30) as client:
            return [await client.post(f"{url}hook/{TOKEN}", json=each) for each in messages]

    async def session() -> list[httpx.Response]:
        loaded = load_config(config)
        app = App(open_live(loaded), out=tmp_path)
        app.listen(lambda: loaded, lambda _: None, reload_on_hangup=False)
        hooks = HookServer(Watched(directory=directory, out=tmp_path), HookAddress("127.0.0.1", 0))
        async with server_of(of, port) as server, anyio.create_task_group() as tasks:
            tasks.start_soon(app.run)
            tasks.start_soon(hooks.serve)
            await server.finished()
            await until(took_all(app, server))
            try:
                answers = await talk(hooks.listener.url)
            finally:
                hooks.listener.stop()
                app.stop("test")
        return answers

    bought, again, sold = run(session)
    assert bought.status_code == 202, bought.text
    assert (again.status_code, again.json()) == (200, {"status": "duplicate"})
    assert sold.json()["input_no"] > bought.json()["input_no"]
    outcome = proven(tmp_path)
    (made,) = [
        each
        for each in outcome.events
        if isinstance(each, OrderCreated) and each.strategy_id == "ext"
    ]
    assert (made.tradingsymbol, made.product) == (symbol, "NRML")
    assert made.quantity == of.universe[1].lot_size
