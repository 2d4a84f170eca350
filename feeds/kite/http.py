"""Use Kite's HTTP API for contracts, last prices, old candles and the login. No orders.

Calls block: use it before the event loop starts, or in a thread.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

import msgspec

from daemon.domain.dates import DAY_NS, SECOND_NS, iso_ist
from daemon.errors import DaemonError, TokenRefused
from feeds.kite.addresses import checked_url
from feeds.kite.credentials import LOG_IN, Credentials, Secret
from feeds.kite.rate_limiter import RateLimiter
from feeds.kite.responses import (
    AGAIN,
    Malformed,
    Unreachable,
    content,
    data_of,
    error_of,
    masked,
    plain,
)  # fmt: skip

if TYPE_CHECKING:
    import httpx

Exchange = Literal["NFO", "NSE", "BFO", "BSE"]
Params = tuple[tuple[str, str], ...]
Row = list[Any]
"""A candle as Kite sends it: `[stamp, open, high, low, close, volume(, oi)]`, unchecked."""

RATES: Final = {"quote": 1.0, "historical": 3.0, "other": 10.0}
"""Requests per second that Kite allows (Kite Connect's documentation)."""
LOGIN: Final = "/session/token"
"""The address of the login's token exchange; it gets a POST."""
BASKET_MARGINS: Final = "/margins/basket"
"""The other address that gets a POST: it computes what orders would block, and places none."""
LTP_KEYS_MAX: Final = 1000
SPAN_DAYS: Final = {
    "minute": 60, "3minute": 100, "5minute": 100, "10minute": 100,
    "15minute": 200, "30minute": 200, "60minute": 400, "day": 2000,
}  # fmt: skip
"""Most days per request, by interval (Kite Connect's documentation)."""
_ATTEMPTS: Final = 4
_FIRST_PAUSE_S: Final = 1.0
_TIMEOUT_S: Final = 10.0
_WHOLE_ANSWER_S: Final = 60.0
_MIB: Final = 1 << 20
_DUMP_BYTES: Final = 64 * _MIB
_ANSWER_BYTES: Final = 16 * _MIB
_ERROR_BYTES: Final = 65_536
_OK: Final = 200
_LIMITED: Final = frozenset((429,))


class _Quote(msgspec.Struct):
    last_price: Annotated[float, msgspec.Meta(ge=0, le=1e12)]


class _Candles(msgspec.Struct):
    candles: list[Row]


class BasketRow(msgspec.Struct, frozen=True, kw_only=True):
    """A position as an order of Kite's basket margin."""

    exchange: str
    tradingsymbol: str
    transaction_type: Literal["BUY", "SELL"]
    product: str
    quantity: int
    variety: str = "regular"
    order_type: str = "MARKET"
    price: float = 0
    trigger_price: float = 0


_Rupees = Annotated[float, msgspec.Meta(ge=0, le=1e12)]


class _Blocked(msgspec.Struct):
    span: _Rupees
    exposure: _Rupees


class _Basket(msgspec.Struct):
    final: _Blocked


class _Login(msgspec.Struct):
    access_token: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class KiteHttp:
    """A client for all requests: signed, spaced, bounded in size, time and attempts.

    `monotonic` and `sleep` (seconds) are for tests. Every method raises TokenRefused, BadRequest
    (of which PermissionRefused is one), RateLimited, Unreachable or Malformed, in one line without
    secrets. Proxies and `.netrc` of the environment are not used.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials | None,
        *,
        timeout_s: float = _TIMEOUT_S,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        import httpx  # imported late, so that other commands do not load it

        self._base = checked_url(base_url)
        self._credentials = credentials
        self._hidden = [] if credentials is None else [credentials.access_token]
        self._monotonic = monotonic
        self._sleep = sleep
        self._limiters = {name: RateLimiter(rate, monotonic, sleep) for name, rate in RATES.items()}
        self._timeouts = httpx.TimeoutException
        self._faults = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError)
        self._client = httpx.Client(
            base_url=self._base,
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
            headers={
                "X-Kite-Version": "3",
                "User-Agent": "run_fno_paper",
                "Accept-Encoding": "gzip",
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def instruments(self, exchange: Exchange) -> bytes:
        """Return the exchange's contracts as CSV, unpacked; `dump` checks whether it is whole."""
        return self._get(f"/instruments/{exchange}", (), "other", _DUMP_BYTES)

    def ltp(self, keys: Sequence[str]) -> dict[str, float]:
        """Return last prices in rupees by key (`NSE:NIFTY 50`); one without a price is absent."""
        path = "/quote/ltp"
        prices: dict[str, float] = {}
        for at in range(0, len(keys), LTP_KEYS_MAX):
            part = keys[at : at + LTP_KEYS_MAX]
            params = tuple(("i", key) for key in part)
            body = self._get(path, params, "quote", _ANSWER_BYTES)
            found = data_of(body, dict[str, _Quote], self._where(path), self._hidden)
            prices.update(
                (key, found[key].last_price)
                for key in part
                if key in found and found[key].last_price > 0
            )
        return prices

    def historical(
        self,
        token: int,
        interval: str,
        start: int,
        end: int,
        *,
        oi: bool = False,
    ) -> list[Row]:
        """Return Kite's candles that start in [start, end] (UTC ns), as sent, oldest request first.

        A span too long for one request is split.
        """
        path = f"/instruments/historical/{token}/{interval}"
        rows: list[Row] = []
        for first, last in spans(start, end, SPAN_DAYS[interval]):
            params = (
                ("from", _wall(first)),
                ("to", _wall(last)),
                ("continuous", "0"),
                ("oi", str(int(oi))),
            )
            body = self._get(path, params, "historical", _ANSWER_BYTES)
            rows += data_of(body, _Candles, self._where(path), self._hidden).candles
        return rows

    def basket_margin(self, rows: Sequence[BasketRow]) -> float:
        """Return span and exposure of a portfolio, rupees, its hedges counted. Places no order."""
        body = self._ask(
            lambda: self._client.stream(
                "POST",
                BASKET_MARGINS,
                params=(("consider_positions", "false"), ("mode", "compact")),
                content=msgspec.json.encode(rows),
                headers={**self._signature(), "Content-Type": "application/json"},
            ),
            self._where(BASKET_MARGINS, "POST"),
            "other",
            _ANSWER_BYTES,
            again=AGAIN,
        )
        final = data_of(body, _Basket, self._where(BASKET_MARGINS, "POST"), self._hidden).final
        return final.span + final.exposure

    def exchange_token(
        self, api_key: str, request_token: Secret, api_secret: Secret, *, now: int
    ) -> Credentials:
        """Exchange a request_token for a login; `now` (UTC ns) becomes its `login_ts`.

        Tried once, except after a rate limit: a request_token works only once.
        """
        where = self._where(LOGIN, "POST")
        signed = f"{api_key}{request_token.reveal()}{api_secret.reveal()}"
        checksum = hashlib.sha256(signed.encode()).hexdigest()
        self._hidden += [request_token, api_secret, Secret(checksum)]
        form = {"api_key": api_key, "request_token": request_token.reveal(), "checksum": checksum}
        body = self._ask(
            lambda: self._client.stream("POST", LOGIN, data=form),
            where,
            "other",
            _ANSWER_BYTES,
            again=_LIMITED,
        )
        login = data_of(body, _Login, where, self._hidden)
        return Credentials(api_key, Secret(login.access_token), now)

    def _get(self, path: str, params: Params, rate: str, most: int) -> bytes:
        headers = self._signature()
        return self._ask(
            lambda: self._client.stream("GET", path, params=params, headers=headers),
            self._where(path),
            rate,
            most,
            again=AGAIN,
        )

    def _ask(
        self,
        send: Callable[[], AbstractContextManager[httpx.Response]],
        where: str,
        rate: str,
        most: int,
        *,
        again: frozenset[int],
    ) -> bytes:
        """Return the body of a good answer, repeating the request after a passing fault."""
        pause_s = _FIRST_PAUSE_S
        for attempts_left in reversed(range(_ATTEMPTS)):
            self._limiters[rate].wait()
            code, error, body = self._once(send, where, most)
            if error is None:
                return body
            if code not in again or not attempts_left:
                raise error
            self._sleep(pause_s)
            pause_s *= 2
        raise AssertionError("the last attempt returns or raises")

    def _once(
        self, send: Callable[[], AbstractContextManager[httpx.Response]], where: str, most: int
    ) -> tuple[int, DaemonError | None, bytes]:
        """Send once and return (HTTP code, fault, body).

        A timeout counts as 504, a lost link as 0.
        """
        try:
            with send() as response:
                raw = self._body(response, where, most)
                code = response.status_code
                encoding = response.headers.get("content-encoding", "").strip().lower()
        except self._timeouts:
            return 504, Unreachable(f"{where}: no answer in time; is the network up?"), b""
        except self._faults as error:
            reason = plain(masked(str(error), self._hidden)) or type(error).__name__
            return 0, Unreachable(f"{where}: {reason}; is the network up?"), b""
        if code == _OK:
            return code, None, content(raw, encoding, most, where)
        return code, error_of(code, _readable(raw, encoding), where, self._hidden), b""

    def _body(self, response: httpx.Response, where: str, most: int) -> bytes:
        """Read the raw body: at most `most` bytes, within a time limit even if it only trickles."""
        parts: list[bytes] = []
        size, until = 0, self._monotonic() + _WHOLE_ANSWER_S
        for part in response.iter_raw():
            parts.append(part)
            size += len(part)
            if size > most:
                raise Malformed(f"{where}: the answer is larger than {most:,} bytes")
            if self._monotonic() > until:
                raise Unreachable(f"{where}: no whole answer within {_WHOLE_ANSWER_S:.0f} s")
        return b"".join(parts)

    def _signature(self) -> dict[str, str]:
        if self._credentials is None:
            raise TokenRefused(f"{self._base}: a request needs a login; {LOG_IN}")
        token = self._credentials.access_token.reveal()
        return {"Authorization": f"token {self._credentials.api_key}:{token}"}

    def _where(self, path: str, method: str = "GET") -> str:
        return f"{method} {self._base}{path}"


def spans(start: int, end: int, days: int) -> Iterator[tuple[int, int]]:
    """Yield [start, end] (UTC ns) in parts of at most `days`.

    Parts are one second apart, Kite's unit of time, because Kite includes both ends.
    """
    while start <= end:
        last = min(end, start + days * DAY_NS - SECOND_NS)
        yield start, last
        start = last + SECOND_NS


def _readable(raw: bytes, encoding: str) -> bytes:
    """Return an error's body, empty if it cannot be unpacked: the HTTP code is enough."""
    try:
        return content(raw, encoding, _ERROR_BYTES, "")
    except Malformed:
        return b""


def _wall(ts: int) -> str:
    """Return a time as Kite writes it: IST without an offset, whole seconds."""
    return iso_ist(ts)[:19].replace("T", " ")
