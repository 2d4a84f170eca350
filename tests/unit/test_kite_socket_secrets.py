"""The access token is sent to Kite and shown to nobody."""

from __future__ import annotations

import io
import json
import logging
import traceback

import pytest
from loguru import logger

from daemon.errors import ConfigError, TokenRefused
from feeds.kite.handshake import checked_url
from tests.kit.ticker_credentials import KEY, TOKEN
from tests.kit.ticker_rig import (
    HEARTBEAT,
    leave,
    plays,
    rig,
)
from tests.kit.ticker_script import (
    CLOSE,
    TEXT,
    Client,
    wire,
)


async def test_no_secret_is_said_logged_or_raised(caplog: pytest.LogCaptureFixture) -> None:
    logged = io.StringIO()
    sink = logger.add(logged, level=0, diagnose=False)
    caplog.set_level(1)
    logging.getLogger("picows").setLevel(1)
    words = wire(json.dumps({"type": "error", "data": f"{KEY}?{TOKEN}"}).encode(), TEXT)

    async def refuse(client: Client) -> None:
        await client.answer(f"403 {TOKEN}", TOKEN)

    async def echo(client: Client) -> None:
        await client.answer(f"500 {TOKEN}", TOKEN)

    scripts = (leave, echo, plays(HEARTBEAT, words, wire(TOKEN.encode(), CLOSE), then=leave))
    try:
        async with rig(*scripts, plays(b"\xff" + TOKEN.encode()), refuse, run=False) as it:
            with pytest.raises(TokenRefused) as caught:
                await it.socket.run()
    finally:
        logger.remove(sink)
    told = [
        *("".join(traceback.format_exception(caught.value)), logged.getvalue(), caplog.text),
        *it.said.texts,
        *map(repr, (it.socket, caught.value.__context__, caught.value.__cause__)),
    ]
    assert "Kite says: ***?***" in it.said.texts
    assert not [each for each in told if TOKEN in each or KEY in each]


@pytest.mark.parametrize(
    "url",
    [
        "ws://ws.kite.trade",
        "ws://192.0.2.1:8000",
        "http://127.0.0.1",
        "wss://",
        "ws.kite.trade",
        "",
        "wss://host:99999",
        "wss://user:secret-canary@host",
        "wss://host?access_token=secret-canary",
        "wss://host#secret-canary",
        "wss://[::1",
    ],
)
def test_a_url_on_which_the_token_may_not_travel_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match=r"feed\.kite\.ticker_url") as caught:
        checked_url(url)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["wss://ws.kite.trade", "ws://127.0.0.1:9", "ws://[::1]:9/path", "ws://localhost:9"]
)
def test_an_encrypted_or_local_url_is_accepted(url: str) -> None:
    assert checked_url(url) == url
