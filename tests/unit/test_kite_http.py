"""Kite's HTTP side against a server on this machine: answers, faults, limits, secrets."""

from __future__ import annotations

import hashlib
import logging
import random
import subprocess
import sys
import traceback
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.dates import DAY_NS, SECOND_NS, parse_ts
from daemon.errors import ConfigError, DaemonError, ExitCode, TokenRefused
from feeds.kite.addresses import checked_url
from feeds.kite.credentials import Secret
from feeds.kite.http import RATES, KiteHttp, spans
from feeds.kite.rate_limiter import RateLimiter
from feeds.kite.responses import (
    BadRequest,
    Malformed,
    PermissionRefused,
    RateLimited,
    Unreachable,
    data_of,
    plain,
)
from tests.kit.kite_api import (
    API_KEY,
    CANARY,
    FakeTime,
    KiteApi,
    Reply,
    Request,
    dump,
    gzipped,
    kite_api,
    refusal,
    success,
)

PRICE = success({"NSE:INFY": {"instrument_token": 408065, "last_price": 1074.35}})
INDEX = "NSE:NIFTY 50"
REQUEST, API_SECRET = Secret("request1"), Secret("apisecret1")
CHECKSUM = hashlib.sha256(f"{API_KEY}request1apisecret1".encode()).hexdigest()
Ask = Callable[[KiteHttp], object]


def ltp(http: KiteHttp) -> object:
    return http.ltp([INDEX])


def the_dump(http: KiteHttp) -> object:
    return http.instruments("NFO")


def candles(http: KiteHttp) -> object:
    return http.historical(256265, "minute", 0, SECOND_NS)


def login(http: KiteHttp) -> object:
    return http.exchange_token(API_KEY, REQUEST, API_SECRET, now=7)


ALL: list[Ask] = [ltp, the_dump, candles, login]


def told(api: KiteApi, ask: Ask = ltp, timeout_s: float = 5.0) -> DaemonError:
    with api.client(timeout_s=timeout_s) as http, pytest.raises(DaemonError) as caught:
        ask(http)
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_request_is_signed_and_says_its_version() -> None:
    with kite_api(PRICE) as api, api.client() as http:
        assert http.ltp(["NSE:INFY", INDEX]) == {"NSE:INFY": 1074.35}
    (request,) = api.requests
    assert (request.method, request.path) == ("GET", "/quote/ltp")
    assert request.query == {"i": ["NSE:INFY", INDEX]}
    assert request.headers["Authorization"] == f"token {API_KEY}:{CANARY}"
    assert request.headers["X-Kite-Version"] == "3"


def test_many_keys_are_asked_for_in_several_requests() -> None:
    def answer(request: Request) -> Reply:
        return success({key: {"last_price": float(key)} for key in request.query["i"]})

    keys = [str(each) for each in range(1, 2502)]
    with kite_api(answer) as api, api.client() as http:
        assert http.ltp(keys) == {key: float(key) for key in keys}
    assert [len(each.query["i"]) for each in api.requests] == [1000, 1000, 501]
    assert api.time.slept == [pytest.approx(1.1), pytest.approx(1.1)]


def test_a_price_of_zero_is_no_price() -> None:
    with kite_api(success({INDEX: {"last_price": 0}})) as api, api.client() as http:
        assert http.ltp([INDEX]) == {}
        assert http.ltp([]) == {}
    assert len(api.requests) == 1


@pytest.mark.parametrize("price", ["-1", "NaN", "1e999", "1e300", '"5"', "null", "true", "{}"])
def test_a_price_that_is_none_is_a_malformed_answer(price: str) -> None:
    body = f'{{"status": "success", "data": {{"{INDEX}": {{"last_price": {price}}}}}}}'
    with kite_api(Reply(body=body.encode())) as api:
        assert isinstance(told(api), Malformed)


def test_the_dump_comes_unpacked() -> None:
    for answer in (gzipped(dump()), Reply(body=dump()), Reply(body=gzipped(dump()).body)):
        with kite_api(answer) as api, api.client() as http:
            assert http.instruments("NFO") == dump()
        assert api.requests[0].path == "/instruments/NFO"


@pytest.mark.parametrize("cut", [1, 4, 8, 9, 30])
def test_a_cut_gzip_answer_is_refused(cut: int) -> None:
    with kite_api(gzipped(dump(200), cut)) as api:
        assert "cut or damaged" in str(told(api, the_dump))


def test_a_damaged_gzip_answer_is_refused() -> None:
    packed = bytearray(gzipped(dump(200)).body)
    packed[len(packed) // 2] ^= 0xFF
    with kite_api(Reply(body=bytes(packed))) as api:
        assert isinstance(told(api, the_dump), Malformed)


def test_an_answer_that_ends_too_early_is_refused() -> None:
    with kite_api(Reply(body=dump(50), sent=500)) as api:
        assert isinstance(told(api, the_dump), Unreachable)


def test_a_huge_answer_is_refused_packed_or_not() -> None:
    huge = bytes(16 * 2**20 + 1)
    for answer in (Reply(body=huge), gzipped(huge)):
        with kite_api(answer) as api:
            assert "larger than 16,777,216 bytes" in str(told(api, candles))


def test_an_answer_that_never_comes_ends_in_time_after_a_few_attempts() -> None:
    with kite_api(Reply(silent=True)) as api:
        error = told(api, timeout_s=0.05)
        assert isinstance(error, Unreachable)
        assert "in time" in str(error)
        assert len(api.requests) == 4


def test_an_answer_that_only_trickles_is_given_up() -> None:
    with kite_api(Reply(body=bytes(2**20))) as api:
        api.time = FakeTime(step_s=31)
        assert "no whole answer within 60 s" in str(told(api))


def test_nobody_there_is_told_as_it_is() -> None:
    with kite_api(PRICE) as api:
        pass
    error = told(api)
    assert isinstance(error, Unreachable)
    assert error.exit_code is ExitCode.FEED_LOST


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b"<html>maintenance</html>", b"\xff\xfe", b"[" * 100_000,
     b'{"status": "success"}', b'{"status": "success", "data": 5}',
     b'{"data": {}}', b'{"status": 1, "data": {}}',
     b'{"status": "success", "data": ' + b"[" * 9999],
)  # fmt: skip
@pytest.mark.parametrize("ask", [ltp, candles, login])
def test_what_is_not_kites_answer_is_malformed(body: bytes, ask: Ask) -> None:
    with kite_api(Reply(body=body)) as api:
        error = told(api, ask)
    assert isinstance(error, Malformed)
    assert error.exit_code is ExitCode.FEED_LOST


def test_an_unknown_encoding_is_refused() -> None:
    with kite_api(Reply(body=b"x", headers=(("Content-Encoding", "br"),))) as api:
        assert "unknown encoding 'br'" in str(told(api, the_dump))


@pytest.mark.parametrize("ask", ALL)
def test_a_redirect_is_not_followed(ask: Ask) -> None:
    with kite_api(Reply(302, headers=(("Location", "/elsewhere"),)), PRICE) as api:
        assert "redirects are not followed" in str(told(api, ask))
        assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("code", "error_type", "kind", "exit_code", "attempts"),
    [
        (403, "TokenException", TokenRefused, 77, 1),
        (403, "", TokenRefused, 77, 1),
        (403, "PermissionException", PermissionRefused, 78, 1),
        (400, "InputException", BadRequest, 78, 1),
        (404, "GeneralException", BadRequest, 78, 1),
        (405, "GeneralException", BadRequest, 78, 1),
        (410, "", BadRequest, 78, 1),
        (429, "NetworkException", RateLimited, 69, 4),
        (500, "GeneralException", Unreachable, 69, 1),
        (502, "DataException", Unreachable, 69, 4),
        (503, "NetworkException", Unreachable, 69, 4),
        (504, "DataException", Unreachable, 69, 4),
        (504, "", Unreachable, 69, 4),
        (200, "TokenException", TokenRefused, 77, 1),
        (200, "InputException", BadRequest, 78, 1),
        (302, "", Malformed, 69, 1),
    ],
)
def test_every_error_has_its_class_its_exit_code_and_its_attempts(
    code: int, error_type: str, kind: type[DaemonError], exit_code: int, attempts: int
) -> None:
    with kite_api(refusal(code, error_type, "Kite says why.")) as api:
        error = told(api)
    assert type(error) is kind
    assert error.exit_code == exit_code
    assert "Kite says why." in str(error)
    assert f"GET {api.url}/quote/ltp" in str(error)
    assert len(api.requests) == attempts
    assert [each for each in api.time.slept if each >= 1] == [1.0, 2.0, 4.0][: attempts - 1]


@pytest.mark.parametrize("body", [b"<html>Forbidden</html>", b"", b"\xff"])
@pytest.mark.parametrize("packed", [False, True])
def test_an_error_without_words_is_judged_by_its_code(body: bytes, packed: bool) -> None:
    headers = (("Content-Encoding", "gzip"),) if packed else ()
    with kite_api(Reply(403, body, headers)) as api:
        assert isinstance(told(api), TokenRefused)


def test_too_many_requests_is_met_with_patience() -> None:
    busy = refusal(429, "NetworkException", "Too many requests")
    with kite_api(busy, refusal(503, "NetworkException", "x"), PRICE) as api, api.client() as http:
        assert http.ltp(["NSE:INFY"]) == {"NSE:INFY": 1074.35}
    assert len(api.requests) == 3


def test_a_request_token_is_not_tried_twice() -> None:
    with kite_api(refusal(502, "DataException", "x")) as api:
        assert isinstance(told(api, login), Unreachable)
    assert len(api.requests) == 1
    with kite_api(Reply(silent=True)) as api:
        assert isinstance(told(api, login, timeout_s=0.05), Unreachable)
        assert len(api.requests) == 1


def test_the_login_exchange_signs_with_the_checksum_and_sends_no_secret() -> None:
    answer = success({"user_id": "XX0000", "api_key": API_KEY, "access_token": "newToken1"})
    with kite_api(answer) as api, api.client(None) as http:
        found = http.exchange_token(API_KEY, REQUEST, API_SECRET, now=7)
    assert (found.api_key, found.access_token, found.login_ts) == (API_KEY, Secret("newToken1"), 7)
    (request,) = api.requests
    assert (request.method, request.path, request.query) == ("POST", "/session/token", {})
    assert request.body == f"api_key={API_KEY}&request_token=request1&checksum={CHECKSUM}"
    assert "Authorization" not in request.headers


def test_without_a_login_nothing_is_asked() -> None:
    with kite_api(PRICE) as api, api.client(None) as http:
        for ask in (ltp, the_dump, candles):
            with pytest.raises(TokenRefused, match="run_fno_paper login"):
                ask(http)
    assert api.requests == []


def test_old_candles_are_asked_for_in_kites_words() -> None:
    row = ["2026-11-23T09:15:00+0530", 1.0, 2.0, 0.5, 1.5, 10]
    start, end = parse_ts("2026-11-23T09:15:00"), parse_ts("2026-11-23T10:00:00")
    with kite_api(success({"candles": [row]})) as api, api.client() as http:
        assert http.historical(256265, "5minute", start, end, oi=True) == [row]
    (request,) = api.requests
    assert request.path == "/instruments/historical/256265/5minute"
    assert request.query == {
        "from": ["2026-11-23 09:15:00"],
        "to": ["2026-11-23 10:00:00"],
        "continuous": ["0"],
        "oi": ["1"],
    }


def test_a_long_span_of_candles_is_asked_for_in_parts() -> None:
    start = parse_ts("2026-01-01T09:15:00")
    with kite_api(success({"candles": [[1]]})) as api, api.client() as http:
        assert http.historical(1, "minute", start, start + 130 * DAY_NS) == [[1], [1], [1]]
    asked = [(each.query["from"][0], each.query["to"][0]) for each in api.requests]
    assert asked == [
        ("2026-01-01 09:15:00", "2026-03-02 09:14:59"),
        ("2026-03-02 09:15:00", "2026-05-01 09:14:59"),
        ("2026-05-01 09:15:00", "2026-05-11 09:15:00"),
    ]


@given(st.integers(0, 10**6), st.integers(-10, 3 * 10**8), st.sampled_from([60, 100, 2000]))
def test_parts_of_a_span_cover_it_once(start_s: int, length_s: int, days: int) -> None:
    start, end = start_s * SECOND_NS, (start_s + length_s) * SECOND_NS
    parts = list(spans(start, end, days))
    assert bool(parts) == (length_s >= 0)
    for before, after in pairwise(parts):
        assert after[0] == before[1] + SECOND_NS
    for first, last in parts:
        assert start <= first <= last <= end
        assert last - first < days * DAY_NS
    if parts:
        assert (parts[0][0], parts[-1][1]) == (start, end)


@pytest.mark.parametrize("rate", sorted(RATES.values()))
def test_requests_never_pass_the_rate(rate: float) -> None:
    rng = random.Random(7)
    clock = FakeTime()
    spacing = RateLimiter(rate, clock.monotonic, clock.sleep)
    sent: list[float] = []
    for _ in range(300):
        spacing.wait()
        sent.append(clock.now)
        clock.now += rng.choice([0.0, 0.0, 0.01, 0.4, 3.0])
    for first, at in enumerate(sent):
        within = [each for each in sent[first:] if each < at + 1]
        assert len(within) <= rate


def test_a_client_that_waited_long_enough_is_not_held_up() -> None:
    clock = FakeTime()
    spacing = RateLimiter(1, clock.monotonic, clock.sleep)
    spacing.wait()
    clock.now += 5
    spacing.wait()
    assert clock.slept == []


@pytest.mark.parametrize(
    "url",
    ["http://api.kite.trade", "ftp://127.0.0.1", "https://", "", "api.kite.trade",
     "http://127.0.0.1.example.com", "http://10.0.0.1", "https://user:pw@api.kite.trade",
     "https://api.kite.trade?x=1", "https://api.kite.trade#x", "https://[", "http://localhost:x",
     "http://user@127.0.0.1"],
)  # fmt: skip
def test_a_token_never_goes_in_the_clear_or_elsewhere(url: str) -> None:
    with pytest.raises(ConfigError, match=r"feed\.kite\.api_url"):
        checked_url(url)


@pytest.mark.parametrize(
    "url",
    ["https://api.kite.trade", "http://127.0.0.1:8000", "http://[::1]:1", "http://localhost",
     "https://api.kite.trade/"],
)  # fmt: skip
def test_https_and_this_machine_are_allowed(url: str) -> None:
    assert checked_url(url) == url.rstrip("/")


def test_proxies_of_the_environment_do_not_see_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with kite_api(PRICE) as api, api.client() as http:
        assert http.ltp(["NSE:INFY"])


@pytest.mark.parametrize("ask", ALL)
def test_no_fault_shows_a_secret_even_if_the_answer_quotes_it(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    quoted = f"you sent {CANARY} request1 apisecret1 {CHECKSUM}"
    answers = [refusal(code, kind, quoted) for code in (200, 400, 403, 404, 429, 500, 503)
               for kind in ("TokenException", "InputException", "")]  # fmt: skip
    answers += [
        success(quoted),
        Reply(body=quoted.encode()),
        success({"access_token": [quoted], "candles": quoted, INDEX: quoted}),
        Reply(302, headers=(("Location", f"/{CANARY}"),)),
        Reply(body=quoted.encode(), sent=3),
        Reply(body=quoted.encode(), headers=(("Content-Encoding", "gzip"),)),
    ]
    shown: list[str] = []
    with caplog.at_level(logging.DEBUG):
        for answer in answers:
            if ask is the_dump and answer.code == 200 and answer.sent is None:
                continue  # a dump is not looked into here
            with kite_api(answer) as api, api.client() as http:
                shown.append(repr(http))
                with pytest.raises(DaemonError) as caught:
                    ask(http)
            shown += traceback.format_exception(caught.value)
            shown.append(repr(caught.value))
    ours = [each for each in caplog.records if "Location" not in each.getMessage()]
    text = "\n".join([*shown, *(each.getMessage() for each in ours)])
    for secret in [CANARY] if ask is not login else [CANARY, "request1", "apisecret1", CHECKSUM]:
        assert [each for each in text.splitlines() if secret in each] == []


def test_kites_words_stay_one_short_line() -> None:
    assert plain("a\r\nb\x00c\u2028d\u202ee  f") == "a b c d e f"
    assert len(plain("x" * 5000)) < 250
    with pytest.raises(Malformed):
        data_of(b'{"status": "error"}', dict, "here")


def test_other_commands_do_not_pay_for_the_client() -> None:
    code = "import sys, daemon.main, feeds.kite.http; assert 'httpx' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
