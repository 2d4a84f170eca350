"""What a configuration must satisfy beyond the types of its keys, and what identifies it."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from daemon.domain.dates import parse_timeframe, parse_ts
from daemon.errors import ConfigError
from daemon.files.yaml_document import Step, dotted_path, found
from daemon.files.zones import parse_zone
from daemon.plans.terms.plan_checks import plans_errors
from daemon.rules.charges import RATE_DECIMALS_MAX, RUPEE_DECIMALS_MAX
from daemon.settings.config import BROKERS, Config, ReplayConfig, ReplayFile, UnderlyingConfig
from daemon.settings.inputs import as_written, matches, without_places

_NOT_TRADING: Final = (
    ("out",),
    ("log",),
    ("metrics",),
    ("recording",),
    ("web",),
    ("alerts",),
    ("mcp",),
    ("api",),
    ("execution", "on_stop"),
    ("feed", "replay", "speed"),
    ("feed", "replay", "block_rows"),
    ("feed", "synthetic", "speed"),
    ("origin",),
)
"""Keys that change how a run is carried out or shown, never what it decides."""

_SINCE_0_2_0: Final[tuple[tuple[tuple[str | None, ...], object], ...]] = (
    (("charges",), {"brokerage": None}),
    (("capital_rupees",), None),
    (("plans",), {"list": []}),
    (("margin",), {"model": "scenario", "enforce": "tell", "span_file": ""}),
    (("rules", "local"), ""),
    (("strategies", "path"), []),
    (("strategies", "list", None, "timeframes"), []),
    *(
        (("risk", name), default)
        for name, default in (
            ("daily_loss_counts", "realized"), ("on_daily_loss", "halt"),
            ("max_lots", {"strategy": None, "underlying": None}), ("max_notional_rupees", None),
            ("cooldown_after_loss_s", None), ("max_orders_per_minute", None),
            ("min_minutes_between_rounds", None), ("max_rounds_at_once", None),
        )
    ),
    (("feed", "synthetic", "book"), "simple"),
    (("feed", "synthetic", "expiries"), 1),
    *(
        (("feed", "replay", name), default)
        for name, default in (
            ("lake", ""), ("from", ""), ("to", ""), ("underlyings", []),
            ("unusable_days", "refuse"),
        )
    ),
    *(
        (("execution", name), default)
        for name, default in (
            ("slippage_ticks", 0), ("market_rest", "rest"), ("escalate", "market"),
            ("escalate_after_ms", 3_000), ("resting", "queue"), ("queue_evidence", "last_qty"),
            ("autoslice", True), ("refusals", {}), ("max_spread_pct", None),
            ("carry", {"mark_futures": None, "physical_settlement": None}),
            ("latency", {"enter_ms": None, "modify_ms": None, "cancel_ms": None}),
            ("sl_limit_buffer", {"percent": 1.0, "min_ticks": 20}),
        )
    ),
    *(
        (path, default)
        for name, usual in (
            ("enable_break_even", False), ("break_even_at_r", 1.0),
            ("break_even_with_charges", False), ("trail_after_r", 0.0),
            ("stop_style", "engine_market"), ("target_style", "engine_market"),
            ("stop_basis", "ltp"),
        )
        for path, default in (
            (("execution", name), usual), (("strategies", "list", None, "exits", name), None)
        )
    ),
    (("strategies", "list", None, "exits", "sl_limit_buffer"), None),
    *(
        (("feed", "replay", files, None, name), default)
        for files in ("files", "warmup")
        for name, default in (
            ("ts_format", ""), ("zone", "Asia/Kolkata"), ("epoch_zone", "UTC"), ("order", "time"),
            ("preset", ""), ("stamp", "auto"),
        )
    ),
)  # fmt: skip
"""Keys that came later, with their defaults. A configuration that uses none of them keeps the
fingerprint that it had, so that runs stay comparable and an account continues over an upgrade."""


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong: where (`("feed", "kind")`) and a sentence."""

    path: tuple[Step, ...]
    text: str


def check_config(config: Config) -> None:
    """Refuse a configuration whose parts contradict each other. Raises ConfigError."""
    for problem in problems(config):
        raise ConfigError(f"{dotted_path(problem.path)}: {problem.text}")


def problems(config: Config) -> Iterator[Problem]:
    """Yield all that is wrong across keys, in the order of the file's sections."""
    yield from _feed_problems(config)
    yield from _universe_problems(config)
    yield from _strategy_problems(config)
    yield from _plan_problems(config)
    yield from _stop_problems(config)
    yield from _brokerage_problems(config)
    yield from _margin_problems(config)
    yield from _risk_problems(config)


def render_config(config: Config) -> str:
    """Return the effective configuration as canonical JSON: equal settings, equal text."""
    return _canonical(_values(config))


def fingerprint(config: Config) -> str:
    """Return the SHA-256 (hex) of all that can change a trading event, to tell runs apart.

    Replay speed and block size, output, log and metrics are left out. Paths of inputs are in it
    as they were written, so that it does not depend on the directory anybody stands in. The
    contents of the files that the configuration names (recordings, rules) are not in it.
    """
    values = as_written(_values(config), config.origin)
    _drop_not_trading(values)
    for pattern, default in _SINCE_0_2_0:
        for at in matches(values, pattern):
            owner: Any = values
            for step in at[:-1]:
                owner = owner[step]
            if owner[at[-1]] == default:
                del owner[at[-1]]
    return hashlib.sha256(_canonical(values).encode()).hexdigest()


def deciding_values(config: Config, content: Callable[[str], str]) -> dict[str, Any]:
    """Return the settings that can change a trading event as plain values, with their defaults.

    What `content` says of a file or a directory is in the place of its path; recordings and the
    modules of strategies are left out.
    """
    values = without_places(_values(config), content)
    _drop_not_trading(values)
    return values


def _drop_not_trading(values: dict[str, Any]) -> None:
    for path in _NOT_TRADING:
        section = values
        for name in path[:-1]:
            section = section[name]
        del section[path[-1]]


def _values(config: Config) -> dict[str, Any]:
    # Through JSON and back, so that a default 5 and a written 5.0 of a float key are one value.
    same = msgspec.json.decode(msgspec.json.encode(config), type=Config)
    values: dict[str, Any] = msgspec.to_builtins(same)
    return values


def _canonical(values: dict[str, Any]) -> str:
    return msgspec.json.encode(values, order="sorted").decode()


def _risk_problems(config: Config) -> Iterator[Problem]:
    risk = config.risk
    for name, usual in (("daily_loss_counts", "realized"), ("on_daily_loss", "halt")):
        if risk.daily_loss_rupees is None and getattr(risk, name) != usual:
            text = (
                f"{getattr(risk, name)} has no effect without risk.daily_loss_rupees; write it too"
            )
            yield Problem(("risk", name), text)


def _feed_problems(config: Config) -> Iterator[Problem]:
    replay = config.feed.replay
    at = ("feed", "replay")
    if config.feed.kind == "replay" and not (replay.files or replay.lake):
        yield Problem((*at, "files"), "expected at least one file, as feed.kind is replay")
    yield from _lake_problems(at, replay)
    if "://" in config.recording.lake:
        text = "expected a directory; days are put into a store by `convert --lake`"
        yield Problem(("recording", "lake"), text)
    for name, files in (("files", replay.files), ("warmup", replay.warmup)):
        for number, file in enumerate(files):
            yield from _timeframe((*at, name, number, "timeframe"), file.timeframe)
            yield from _times((*at, name, number), file)
            if file.kind == "candles" and file.order == "received":
                text = "expected time, was received: candles have no order of receipt"
                yield Problem((*at, name, number, "order"), text)
    if not _is_speed(replay.speed):
        yield Problem((*at, "speed"), f"expected 'max' or a number > 0, was {found(replay.speed)}")
    if not _is_speed(config.feed.synthetic.speed):
        at_speed = ("feed", "synthetic", "speed")
        text = f"expected 'max' or a number > 0, was {found(config.feed.synthetic.speed)}"
        yield Problem(at_speed, text)
    yield from _span(at, replay.start, replay.end)
    for number, row in enumerate(replay.settlements):
        yield from _date((*at, "settlements", number, "date"), row.date)
    for number, first in _repeats([(row.underlying, row.date) for row in replay.settlements]):
        yield Problem((*at, "settlements", number), f"is already given as settlements[{first}]")
    yield from _date(("feed", "synthetic", "date"), config.feed.synthetic.date)


def _lake_problems(at: tuple[Step, ...], replay: ReplayConfig) -> Iterator[Problem]:
    if replay.lake and replay.files:
        yield Problem((*at, "lake"), "expected files or a lake, both are given; keep one")
    for name, date in (("from", replay.from_), ("to", replay.to)):
        if date:
            yield from _date((*at, name), date)
    if not replay.lake:
        for name in ("from_", "to", "underlyings"):
            if getattr(replay, name):
                key = name.rstrip("_")
                text = f"{key} has no effect without feed.replay.lake; write it too"
                yield Problem((*at, key), text)
    elif replay.from_ and replay.to and replay.from_ > replay.to:
        yield Problem((*at, "to"), f"expected a date not before {replay.from_}, was {replay.to}")


def _times(at: tuple[Step, ...], file: ReplayFile) -> Iterator[Problem]:
    for key, zone in (("zone", file.zone), ("epoch_zone", file.epoch_zone)):
        try:
            parse_zone(zone)
        except ValueError as error:
            yield Problem((*at, key), f"{error}, was {found(zone)}")
    if not file.ts_format:
        return
    if file.ts_unit != "auto":
        text = f"says how times are written, and so does ts_unit ({file.ts_unit}); keep one"
        yield Problem((*at, "ts_format"), text)
    day = dt.datetime(2001, 12, 31, 15, 29, 58, tzinfo=dt.UTC)
    try:
        read = dt.datetime.strptime(day.strftime(file.ts_format), file.ts_format)  # noqa: DTZ007
    except ValueError as error:
        yield Problem((*at, "ts_format"), f"expected a format of strptime ({error})")
        return
    if read.date() != day.date():
        text = (
            f"expected year, month and day as in '%d/%m/%Y %H:%M:%S', was {found(file.ts_format)}"
        )
        yield Problem((*at, "ts_format"), text)


def _universe_problems(config: Config) -> Iterator[Problem]:
    rows = config.universe.instruments
    at = ("universe", "instruments")
    for number, first in _repeats([row.tradingsymbol for row in rows]):
        name = found(rows[number].tradingsymbol)
        yield Problem((*at, number, "tradingsymbol"), f"{name} is already instruments[{first}]")
    for number, row in enumerate(rows):
        if row.expiry:
            yield from _date((*at, number, "expiry"), row.expiry)
    yield from _underlying_problems(config)


def _underlying_problems(config: Config) -> Iterator[Problem]:
    rows, kind = config.universe.underlyings, config.feed.kind
    at = ("universe", "underlyings")
    if rows and kind == "synthetic":
        text = "are for the feeds kite and replay; the synthetic market names its own instruments"
        yield Problem(at, text)
    keys = [(row.name, row.options.expiry if row.options else None) for row in rows]
    for number, first in _repeats(keys):
        text = f"{found(rows[number].name)} with the same options is already underlyings[{first}]"
        yield Problem((*at, number, "name"), text)
    for number, row in enumerate(rows):
        yield from _one_underlying((*at, number), row)


def _one_underlying(at: tuple[Step, ...], row: UnderlyingConfig) -> Iterator[Problem]:
    for number, first in _repeats(row.futures):
        text = f"{found(row.futures[number])} is already futures[{first}]"
        yield Problem((*at, "futures", number), text)
    if row.options is None:
        if not row.index and not row.futures:
            yield Problem(at, "expected index: true, futures or options, none is wanted")
        return
    if not row.index:
        yield Problem((*at, "index"), "expected true, as the options follow the spot")
    if not row.options.types:
        yield Problem((*at, "options", "types"), "expected CE, PE or both, was none")
    for number, first in _repeats(row.options.types):
        text = f"{found(row.options.types[number])} is already types[{first}]"
        yield Problem((*at, "options", "types", number), text)


def _strategy_problems(config: Config) -> Iterator[Problem]:
    rows = config.strategies.items
    at = ("strategies", "list")
    for number, first in _repeats([row.id for row in rows]):
        yield Problem((*at, number, "id"), f"{found(rows[number].id)} is already list[{first}]")
    for number, row in enumerate(rows):
        yield from _timeframe((*at, number, "timeframe"), row.timeframe)


def _plan_problems(config: Config) -> Iterator[Problem]:
    strategies = {row.id for row in config.strategies.items}
    for path, text in plans_errors(("plans", "list"), config.plans.items, strategies):
        yield Problem(path, text)


def _stop_problems(config: Config) -> Iterator[Problem]:
    """Refuse a stop at the exchange, which the last price triggers, by another price."""
    execution = config.execution
    if execution.stop_style == "sl_limit" and execution.stop_basis != "ltp":
        yield Problem(("execution", "stop_basis"), _another_price(execution.stop_basis))
    for number, row in enumerate(config.strategies.items):
        style = row.exits.stop_style or execution.stop_style
        basis = row.exits.stop_basis or execution.stop_basis
        is_own = row.exits.stop_style is not None or row.exits.stop_basis is not None
        if is_own and style == "sl_limit" and basis != "ltp":
            at = ("strategies", "list", number, "exits", "stop_basis")
            yield Problem(at, _another_price(basis))


def _another_price(basis: str) -> str:
    return f"expected ltp with stop_style sl_limit, as the exchange triggers by ltp, was {basis}"


def _brokerage_problems(config: Config) -> Iterator[Problem]:
    """Return what the exact arithmetic of the charges could not hold."""
    plan = config.charges.brokerage
    if plan is None:
        return
    at = ("charges", "brokerage")
    if -_exponent(plan.per_order_rupees) > RUPEE_DECIMALS_MAX:
        text = f"expected whole paise, was {plan.per_order_rupees}"
        yield Problem((*at, "per_order_rupees"), text)
    if plan.percent is not None and -_exponent(plan.percent) > RATE_DECIMALS_MAX:
        text = f"expected at most {RATE_DECIMALS_MAX} decimals, was {plan.percent}"
        yield Problem((*at, "percent"), text)


def _exponent(number: float) -> int:
    exponent = Decimal(repr(number)).normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return exponent


def _margin_problems(config: Config) -> Iterator[Problem]:
    margin, capital = config.margin, config.capital_rupees
    if margin.model in BROKERS and config.feed.kind != margin.model:
        text = (
            f"{margin.model} is asked by a live run only: expected feed.kind {margin.model}, and "
            "scenario for recordings (--replay)"
        )
        yield Problem(("margin", "model"), text)
    if (margin.model == "span_file") != bool(margin.span_file):
        text = "expected a file with model: span_file, and none with another model"
        yield Problem(("margin", "span_file"), text)
    if margin.enforce == "square_off" and capital is None:
        text = "square_off needs capital_rupees: without it no margin is ever short"
        yield Problem(("margin", "enforce"), text)
    if capital is not None and margin.model == "off":
        text = "expected a model other than off, as capital_rupees is checked with its margins"
        yield Problem(("margin", "model"), text)
    if capital is not None and -_exponent(capital) > RUPEE_DECIMALS_MAX:
        yield Problem(("capital_rupees",), f"expected whole paise, was {capital}")


def _repeats(keys: Sequence[object]) -> Iterator[tuple[int, int]]:
    """Yield the position of every key that was there before, and where it was first."""
    first: dict[object, int] = {}
    for number, key in enumerate(keys):
        if first.setdefault(key, number) != number:
            yield number, first[key]


def _timeframe(at: tuple[Step, ...], text: str) -> Iterator[Problem]:
    try:
        parse_timeframe(text)
    except ValueError as error:
        yield Problem(at, str(error))


def _date(at: tuple[Step, ...], text: str) -> Iterator[Problem]:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        yield Problem(at, f"expected a date such as 2026-11-18, was {found(text)}")


def _span(at: tuple[Step, ...], start: str, end: str) -> Iterator[Problem]:
    times: list[int] = []
    for name, text in (("start", start), ("end", end)):
        try:
            times += [parse_ts(text)] if text else []
        except (ValueError, OverflowError):
            was = found(text)
            yield Problem((*at, name), f"expected an ISO date and time, was {was}")
    if len(times) == 2 and times[0] >= times[1]:
        yield Problem((*at, "end"), f"expected an end after the start {start}, was {end}")


def _is_speed(text: str) -> bool:
    if text == "max":
        return True
    try:
        return 0 < float(text) < math.inf
    except ValueError:
        return False
