"""Hooks (W15): messages of charting services as intents, on a listener of their own."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.control.request_messages import Answer, Outcome
from daemon.domain.dates import MINUTE_NS, SECOND_NS
from daemon.domain.external_signal import ExternalIntent, ExternalSignal
from daemon.domain.instrument import Instrument
from daemon.errors import UsageError
from daemon.web.daemon_requests import DaemonAway
from daemon.web.hooks import app as hooks_app
from daemon.web.hooks.app import BODY_MAX, Hooks
from daemon.web.hooks.arrivals import PER_MINUTE, Arrivals, TooMany, client_id_of
from daemon.web.hooks.maps import NotUnderstood, meaning_of
from daemon.web.hooks.store import (
    HOOKS_FILE,
    Hook,
    HookBook,
    hash_of,
    new_token,
    read_hooks,
    write_hooks,
)
from tests.kit import web
from tests.kit.paper_ticker import FUTURE, INDEX

OTHER: Final = Instrument(
    instrument_token=9, tradingsymbol="BANKNIFTY26NOVFUT", name="BANKNIFTY", lot_size=30
)
INSTRUMENTS: Final = {each.tradingsymbol: each for each in (FUTURE, OTHER, INDEX)}
SYMBOL: Final = FUTURE.tradingsymbol
TOKEN: Final = "t" * 43
BUY: Final = {"symbol": SYMBOL, "action": "buy"}


def hook_of(**given: Any) -> Hook:
    fields: dict[str, Any] = {
        "id": "one", "hash": hash_of(TOKEN), "strategy": "ext", "map": "tradingview", "lots": 2,
    }  # fmt: skip
    return Hook(**(fields | given))


def meant(hook: Hook, message: Any) -> list[tuple[str, str, int]]:
    intents, _ = meaning_of(hook, json.dumps(message).encode(), INSTRUMENTS)
    return [(each.symbol, each.signal, each.qty) for each in intents]


# what a message means


@pytest.mark.parametrize(
    ("message", "signal"),
    [
        (BUY, "BUY"),
        (BUY | {"action": "Sell"}, "SELL"),
        (BUY | {"action": " LONG "}, "BUY"),
        (BUY | {"action": "short"}, "SELL"),
        (BUY | {"action": "exit"}, "EXIT"),
        (BUY | {"action": "close"}, "EXIT"),
        (BUY | {"action": "sell", "market_position": "flat"}, "EXIT"),
        (BUY | {"market_position": "long", "price": 1, "interval": "5"}, "BUY"),
        (BUY | {"symbol": f"NSE:{SYMBOL}"}, "BUY"),
    ],
)
def test_w15_a_tradingview_alert_is_one_intent(message: Any, signal: str) -> None:
    quantity = 0 if signal == "EXIT" else 2 * FUTURE.lot_size
    assert meant(hook_of(), message) == [(SYMBOL, signal, quantity)]


def test_w15_an_alert_brings_its_lots_its_levels_and_its_comment() -> None:
    message = BUY | {"lots": 1, "stop": 23_300, "target": 23_600.5, "comment": "cross"}
    ((intent,), _) = meaning_of(hook_of(), json.dumps(message).encode(), INSTRUMENTS)
    assert intent == ExternalIntent(
        symbol=SYMBOL, signal="BUY", qty=65, stop=23_300, target=23_600.5, reason="cross"
    )


def test_w15_a_hooks_own_action_is_for_messages_without_one() -> None:
    assert meant(hook_of(action="SELL"), {"symbol": SYMBOL}) == [(SYMBOL, "SELL", 130)]
    assert meant(hook_of(action="SELL"), BUY) == [(SYMBOL, "BUY", 130)]


def test_w15_names_in_messages_may_stand_for_contracts_and_then_no_others_are_traded() -> None:
    hook = hook_of(symbols={"NIFTY1!": SYMBOL})
    for name in ("NIFTY1!", "NSE:NIFTY1!"):
        assert meant(hook, BUY | {"symbol": name})[0][0] == SYMBOL
    with pytest.raises(NotUnderstood, match="not among the symbols"):
        meant(hook, BUY | {"symbol": OTHER.tradingsymbol})


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (BUY | {"action": "hold"}, "expected buy, sell or exit"),
        ({"symbol": SYMBOL}, "neither has this hook"),
        (BUY | {"lots": 3}, "at most 2"),
        (BUY | {"lots": 0}, "lots"),
        (BUY | {"lots": 1.5}, "lots"),
        (BUY | {"stop": -1}, "stop"),
        (BUY | {"symbol": "INFY"}, "no contract of this name"),
        (BUY | {"symbol": INDEX.tradingsymbol}, "an index cannot be traded"),
        ([], "not a message of tradingview"),
        ({}, "symbol"),
    ],
)
def test_w15_an_alert_that_is_not_understood_is_refused_in_words(message: Any, text: str) -> None:
    with pytest.raises(NotUnderstood, match=text):
        meant(hook_of(), message)


def test_w15_chartinks_stocks_have_the_hooks_own_action_and_lots() -> None:
    hook = hook_of(map="chartink", action="BUY", symbols={"NIFTY": SYMBOL, "BANKNIFTY": "?"})
    message = {
        "stocks": "NIFTY,RELIANCE, BANKNIFTY,NIFTY", "trigger_prices": "3.75,541.8",
        "triggered_at": "2:34 pm", "scan_name": "Short term breakouts",
    }  # fmt: skip
    intents, ignored = meaning_of(hook, json.dumps(message).encode(), INSTRUMENTS)
    assert [(each.symbol, each.signal, each.qty) for each in intents] == [(SYMBOL, "BUY", 130)]
    assert intents[0].reason == "Short term breakouts"
    assert [each.partition(":")[0] for each in ignored] == ["RELIANCE", "?"]


def test_w15_at_most_so_many_symbols_of_one_message_are_traded() -> None:
    hook = hook_of(map="chartink", action="SELL", at_most=1)
    message = {"stocks": f"{SYMBOL},{OTHER.tradingsymbol}"}
    intents, ignored = meaning_of(hook, json.dumps(message).encode(), INSTRUMENTS)
    assert [each.symbol for each in intents] == [SYMBOL]
    assert "more than 1" in ignored[0]
    with pytest.raises(NotUnderstood, match="INFY"):
        meant(hook, {"stocks": "INFY,TCS"})


@settings(max_examples=30)
@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.integers() | st.floats() | st.text(), lambda each: st.lists(each)
    | st.dictionaries(st.sampled_from(("symbol", "action", "stocks", "lots", "stop")), each),
).map(lambda each: json.dumps(each).encode()))  # fmt: skip
def test_w15_no_message_is_more_than_a_refusal(body: bytes) -> None:
    for hook in (hook_of(), hook_of(map="chartink", action="BUY")):
        with pytest.raises(NotUnderstood):
            meaning_of(hook, body, {})


# what is kept


def test_w15_the_token_is_on_disk_only_as_a_hash(tmp_path: Path) -> None:
    path, token = tmp_path / HOOKS_FILE, new_token()
    assert len(token) == 43
    write_hooks(path, [hook_of(hash=hash_of(token))])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token not in path.read_text()
    book = HookBook(path)
    assert book.of(token) == hook_of(hash=hash_of(token))
    assert book.of(token + "x") is None
    write_hooks(path, [])
    assert book.of(token) is None
    path.unlink()
    assert book.of(token) is None


@pytest.mark.parametrize(
    "text", ["", "[]", '{"version":2,"hooks":[]}', '{"version":1,"hooks":[{"id":"a b"}]}']
)
def test_w15_a_file_of_hooks_that_is_not_understood_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / HOOKS_FILE
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(UsageError):
        read_hooks(path)


def test_w15_a_file_of_hooks_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / HOOKS_FILE
    write_hooks(path, [])
    path.chmod(0o640)
    with pytest.raises(UsageError, match="other users"):
        read_hooks(path)


# what arrived lately


def test_w15_the_same_body_within_five_seconds_is_a_duplicate() -> None:
    arrivals = Arrivals()
    assert not arrivals.is_repeated("a", b"x", 0)
    assert arrivals.is_repeated("a", b"x", 5 * SECOND_NS - 1)
    assert not arrivals.is_repeated("a", b"y", 1)
    assert not arrivals.is_repeated("b", b"x", 1)
    assert not arrivals.is_repeated("a", b"x", 5 * SECOND_NS)
    arrivals.forget("a", b"x")
    assert not arrivals.is_repeated("a", b"x", 5 * SECOND_NS + 1)


def test_w15_the_client_id_is_of_hook_body_and_arrival() -> None:
    one = client_id_of("a", b"x", 0)
    assert one == client_id_of("a", b"x", 5 * SECOND_NS - 1)
    others = {client_id_of("b", b"x", 0), client_id_of("a", b"y", 0),
              client_id_of("a", b"x", 5 * SECOND_NS)}  # fmt: skip
    assert len(others | {one}) == 4
    assert len(one) <= 36


def test_w15_a_hook_has_sixty_messages_a_minute() -> None:
    arrivals = Arrivals()
    for number in range(PER_MINUTE):
        arrivals.count("a", number)
    with pytest.raises(TooMany):
        arrivals.count("a", MINUTE_NS - 1)
    arrivals.count("b", MINUTE_NS - 1)
    arrivals.count("a", MINUTE_NS)


# the address


class Served:
    """The hooks of one account before a daemon that a test plays."""

    def __init__(self, directory: Path, *hooks: Hook) -> None:
        path = directory / HOOKS_FILE
        write_hooks(path, list(hooks))
        self.asked: list[tuple[ExternalSignal, str]] = []
        self.answer: Callable[[], Answer] = lambda: Answer(
            id=1, outcome=Outcome.DONE, text="done", input_no=7
        )
        self.is_slow = self.is_away = False
        self.hooks = Hooks(HookBook(path), lambda: {} if self.is_away else INSTRUMENTS, self._ask)

    async def _ask(self, signal: ExternalSignal, client_id: str) -> Answer:
        self.asked.append((signal, client_id))
        if self.is_slow:
            await anyio.sleep_forever()
        return self.answer()

    async def post(self, message: Any, token: str = TOKEN, method: str = "POST") -> web.Answer:
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        headers = {"host": "tunnel.example", "content-type": "text/plain"}
        return await web.ask(self.hooks.app, method, f"/hook/{token}", headers, body)


@pytest.fixture
def served(tmp_path: Path) -> Served:
    return Served(tmp_path, hook_of(), hook_of(id="two", hash=hash_of("u" * 43)))


async def test_w15_a_message_is_handed_in_whatever_its_content_type_is(served: Served) -> None:
    answer = await served.post(BUY)
    assert (answer.status, answer.json()) == (202, {"status": "accepted", "input_no": 7})
    ((signal, client_id),) = served.asked
    assert signal == ExternalSignal(
        strategy="ext", intents=(ExternalIntent(symbol=SYMBOL, signal="BUY", qty=130),)
    )
    assert client_id.startswith("hk-")


async def test_w15_the_second_of_two_equal_messages_is_a_duplicate(served: Served) -> None:
    assert (await served.post(BUY)).status == 202
    again = await served.post(BUY)
    assert (again.status, again.json()) == (200, {"status": "duplicate"})
    assert (await served.post(BUY, "u" * 43)).status == 202
    assert (await served.post(BUY | {"comment": "2"})).status == 202
    assert len(served.asked) == 3


async def test_w15_what_was_not_taken_may_be_sent_again(served: Served) -> None:
    def away() -> Answer:
        raise DaemonAway("the daemon is away")

    served.answer = away
    assert (await served.post(BUY)).status == 503
    refusal = Answer(id=1, outcome=Outcome.REFUSED, text="signal: no strategy 'ext' was loaded")
    served.answer = lambda: refusal
    answer = await served.post(BUY)
    assert (answer.status, answer.json()) == (422, {"error": refusal.text})
    served.is_away = True
    assert (await served.post(BUY)).status == 503
    served.is_away = False
    served.answer = lambda: Answer(id=1, outcome=Outcome.DONE, text="", input_no=1)
    assert (await served.post(BUY)).status == 202


async def test_w15_a_daemon_that_is_slow_keeps_no_sender_waiting(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hooks_app.ANSWER_WITHIN_S < 1
    monkeypatch.setattr(hooks_app, "ANSWER_WITHIN_S", 0.01)
    served.is_slow = True
    answer = await served.post(BUY)
    assert answer.status == 202
    assert "not answered yet" in answer.json()["text"]
    assert (await served.post(BUY)).json() == {"status": "duplicate"}


async def test_w15_more_than_sixty_a_minute_are_refused(served: Served) -> None:
    statuses = [(await served.post(BUY | {"comment": str(n)})).status for n in range(61)]
    assert statuses == [202] * 60 + [429]
    assert (await served.post(BUY, "u" * 43)).status == 202


async def test_w15_nothing_else_is_reached(served: Served) -> None:
    assert (await served.post(BUY, "x" * 43)).status == 404
    assert (await served.post(b"", method="GET")).status == 405
    for path in ("/", "/hook", f"/hook/{TOKEN}/", "/orders/regular", "/api/now", "/hook/../web"):
        answer = await web.ask(served.hooks.app, "POST", path, {"host": "x"}, b"{}")
        assert (path, answer.status) == (path, 404)
    assert served.asked == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"x" * (BODY_MAX + 1), 413), (b" " * (BODY_MAX - 2) + b"{}", 400), (b"", 400),
        (b"\xff\xfe", 400), (b"[" * 10_000, 400), (b"buy NIFTY", 400),
    ],
)  # fmt: skip
async def test_w15_a_body_that_is_too_long_or_no_json_is_refused(
    body: bytes, status: int, served: Served
) -> None:
    answer = await served.post(body)
    assert answer.status == status
    assert answer.json()["error"]
    assert served.asked == []
