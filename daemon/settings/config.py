"""The configuration as frozen structs: each setting's name, type, default and bounds, once.

`daemon.settings.file` reads YAML into these. A number's unit is in its name (`_s`, `_ms`, `_min`,
`_bps`, `_mb`, `_rupees`, `_days`) or in the docstring below it; a count needs none. What the
program derives from a setting, such as nanoseconds, is a property of the same struct.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from daemon.domain.dates import MILLISECOND_NS, MINUTE_NS, SECOND_NS
from daemon.domain.intent import (
    BreakEvenAtR,
    ExitOverrides,
    PartialExitPct,
    PartialExitWhen,
    Product,
    SlLimitBuffer,
    StopBasis,
    StopStyle,
    TargetStyle,
    TimeStopBars,
    TrailAfterR,
    TrailStepR,
)
from daemon.plans.terms.plan import Plans
from daemon.settings.account_name import ACCOUNT_NAME
from daemon.settings.alerts import AlertsConfig
from daemon.settings.feeds import FeedConfig as FeedConfig
from daemon.settings.feeds import KiteConfig as KiteConfig
from daemon.settings.feeds import ReplayConfig as ReplayConfig
from daemon.settings.feeds import ReplayFile as ReplayFile
from daemon.settings.feeds import SettlementConfig as SettlementConfig
from daemon.settings.feeds import SyntheticConfig as SyntheticConfig
from daemon.settings.hooks import HooksConfig as HooksConfig
from daemon.settings.kite_api import ApiConfig as ApiConfig
from daemon.settings.kite_api import KiteApiConfig as KiteApiConfig
from daemon.settings.section import HOST_NAME as HOST_NAME
from daemon.settings.section import Count as Count
from daemon.settings.section import HostName as HostName
from daemon.settings.section import PositiveCount as PositiveCount
from daemon.settings.section import PositiveSeconds as PositiveSeconds
from daemon.settings.section import Seconds as Seconds
from daemon.settings.section import Section as Section


class LatencyConfig(Section, frozen=True, kw_only=True):
    """Latency by kind of request in `fill_mode: depth`; null is `latency_ms`."""

    enter_ms: Annotated[int, Meta(ge=0, le=3_600_000)] | None = None
    modify_ms: Annotated[int, Meta(ge=0, le=3_600_000)] | None = None
    cancel_ms: Annotated[int, Meta(ge=0, le=3_600_000)] | None = None


class CarryConfig(Section, frozen=True, kw_only=True):
    """What holding over night does; null is on in `fill_mode: depth` and off in the others."""

    mark_futures: bool | None = None
    """Whether NRML futures are marked to their contract's close each day."""
    physical_settlement: bool | None = None
    """Whether contracts on shares are closed on the session before their expiry."""


REFUSAL_NAMES: Final = (
    "price_step", "price_band", "far_limit", "untraded_contract", "slm_on_options", "no_protection",
    "order_rate", "market_range", "lpp",
)  # fmt: skip
"""The refusals of the exchange that can be switched."""
_USUAL_SLIPPAGE_BPS: Final = 5.0


class ExecutionConfig(Section, frozen=True, kw_only=True):
    """Settings of fills and exits (SEMANTICS, "Fills" and "Exits of one position")."""

    engine: Literal["v3", "v2"] = "v3"
    fallback: Literal["v2", "none"] = "v2"
    fill_mode: Literal["mid", "bid_ask", "ltp", "depth"] = "mid"
    slippage_bps: Annotated[float, Meta(ge=0, le=10_000)] | None = None
    """null: 5, in `fill_mode: depth` 0, where an order pays the levels' prices."""
    slippage_ticks: Annotated[int, Meta(ge=0, le=1_000)] = 0
    latency_ms: Annotated[int, Meta(ge=0, le=3_600_000)] = 0
    latency: LatencyConfig = LatencyConfig()
    market_rest: Literal["rest", "cancel"] = "rest"
    escalate: Literal["market", "never"] = "market"
    escalate_after_ms: Annotated[int, Meta(ge=0, le=3_600_000)] = 3_000
    resting: Literal["queue", "cross", "touch"] = "queue"
    queue_evidence: Literal["last_qty", "volume"] = "last_qty"
    autoslice: bool = True
    """In `fill_mode: depth`: send an order above the freeze quantity in slices."""
    refusals: dict[str, str] = {}
    """A name of REFUSAL_NAMES -> on or off."""
    max_spread_pct: Annotated[float, Meta(gt=0, le=100)] | None = None
    """Percent of the middle of bid and ask above which no entry takes; null: any spread."""
    carry: CarryConfig = CarryConfig()
    reject_after_s: PositiveSeconds = 30
    stale_after_s: PositiveSeconds = 5
    quote_max_age_s: PositiveSeconds = 60
    enable_partial_exit: bool = True
    partial_exit_pct: PartialExitPct = 0.5
    partial_exit_when: PartialExitWhen = "losing"
    enable_trailing: bool = True
    trail_step_r: TrailStepR = 0.5
    trail_after_r: TrailAfterR = 0.0
    enable_break_even: bool = False
    break_even_at_r: BreakEvenAtR = 1.0
    break_even_with_charges: bool = False
    stop_style: StopStyle = "engine_market"
    """`sl_limit`: the stop of a trade lies at the exchange as an SL from its first fill on."""
    target_style: TargetStyle = "engine_market"
    """`limit`: the target of a trade lies at the exchange as a LIMIT."""
    sl_limit_buffer: SlLimitBuffer = SlLimitBuffer()
    stop_basis: StopBasis = "ltp"
    """The price that stop and target are compared with where the engine watches them."""
    enable_time_stop: bool = True
    time_stop_bars: TimeStopBars = 20
    square_off_before_close_min: Annotated[int, Meta(ge=0, le=375)] = 20
    candle_grace_ms: Annotated[int, Meta(ge=0, le=30_000)] = 0
    charges: bool = True
    on_stop: Literal["keep", "square_off"] = "keep"
    """Whether a person's stop leaves positions open for the next start, or closes them."""

    def __post_init__(self) -> None:
        if self.latency_ms >= self.reject_after_s * 1000:
            raise ValueError("latency_ms must be less than reject_after_s")
        for name in ("enter_ms", "modify_ms", "cancel_ms"):
            if (getattr(self.latency, name) or 0) >= self.reject_after_s * 1000:
                raise ValueError(f"latency.{name} must be less than reject_after_s")
        for name, state in self.refusals.items():
            if name not in REFUSAL_NAMES:
                known = ", ".join(REFUSAL_NAMES)
                raise ValueError(f"refusals: expected names of {known}, was {name!r}")
            if state not in ("on", "off"):
                raise ValueError(f"refusals.{name}: expected on or off, was {state!r}")
        if self.slippage_bps is None:  # so that what is shown and compared is what is in force
            usual = 0.0 if self.fill_mode == "depth" else _USUAL_SLIPPAGE_BPS
            msgspec.structs.force_setattr(self, "slippage_bps", usual)

    @property
    def slippage(self) -> float:
        """Return the slippage that fills are moved by, basis points."""
        assert self.slippage_bps is not None
        return self.slippage_bps

    @property
    def latency_ns(self) -> int:
        """Return how much later than its order a fill is at the earliest, ns."""
        return self.latency_ms * MILLISECOND_NS

    @property
    def enter_ns(self) -> int:
        """Return how long a new order is on its way to the exchange, ns."""
        return self._latency_ns(self.latency.enter_ms)

    @property
    def modify_ns(self) -> int:
        """Return how long a modification is on its way, ns."""
        return self._latency_ns(self.latency.modify_ms)

    @property
    def cancel_ns(self) -> int:
        """Return how long a cancel is on its way, ns."""
        return self._latency_ns(self.latency.cancel_ms)

    @property
    def marks_futures(self) -> bool:
        """Return whether carried futures are marked to their close each day."""
        return self._by_mode(self.carry.mark_futures)

    @property
    def avoids_delivery(self) -> bool:
        """Return whether contracts on shares are closed before they would be delivered."""
        return self._by_mode(self.carry.physical_settlement)

    def _by_mode(self, written: bool | None) -> bool:
        return self.fill_mode == "depth" if written is None else written

    @property
    def escalate_after_ns(self) -> int:
        """Return how long an urgent exit may stand without a fill, ns."""
        return self.escalate_after_ms * MILLISECOND_NS

    def _latency_ns(self, own_ms: int | None) -> int:
        return self.latency_ns if own_ms is None else own_ms * MILLISECOND_NS

    @property
    def reject_after_ns(self) -> int:
        """Return how long an entry waits for a price, ns."""
        return round(self.reject_after_s * SECOND_NS)

    @property
    def stale_after_ns(self) -> int:
        """Return the silence of the whole feed that makes every earlier quote stale, ns."""
        return round(self.stale_after_s * SECOND_NS)

    @property
    def quote_max_age_ns(self) -> int:
        """Return the age up to which a quote fills orders while the feed is alive, ns."""
        return round(self.quote_max_age_s * SECOND_NS)

    @property
    def candle_grace_ns(self) -> int:
        """Return how long after its end a bar is closed, ns."""
        return self.candle_grace_ms * MILLISECOND_NS

    @property
    def square_off_ns(self) -> int:
        """Return how long before the close intraday positions are squared off, ns."""
        return self.square_off_before_close_min * MINUTE_NS


class MaxLotsConfig(Section, frozen=True, kw_only=True):
    """The most lots open and waiting at once, of one strategy and of one underlying."""

    strategy: PositiveCount | None = None
    underlying: PositiveCount | None = None


class RiskConfig(Section, frozen=True, kw_only=True):
    """Gates between an intent and an order; null switches a gate off. Money in rupees."""

    daily_loss_rupees: Annotated[float, Meta(gt=0, le=1e12)] | None = None
    daily_loss_counts: Literal["realized", "net_open"] = "realized"
    """`realized`: gross, of the day. `net_open`: less the day's charges, with open positions."""
    on_daily_loss: Literal["halt", "flatten"] = "halt"
    """Whether only new entries end with the limit, or everything is closed too."""
    max_open_positions: PositiveCount | None = None
    max_order_quantity: PositiveCount | None = None
    """Units."""
    max_lots: MaxLotsConfig = MaxLotsConfig()
    max_notional_rupees: Annotated[float, Meta(gt=0, le=1e12)] | None = None
    """Contract value of all that is open and waiting: strike or last price by quantity."""
    cooldown_after_loss_s: PositiveSeconds | None = None
    """How long a strategy opens nothing after a position that lost."""
    max_orders_per_minute: PositiveCount | None = None
    """Entries of all strategies in a minute of the clock."""
    min_minutes_between_rounds: Annotated[float, Meta(gt=0, le=1e6)] | None = None
    """The least time from the end of a plan's round to its next one."""
    max_rounds_at_once: PositiveCount | None = None
    """The most rounds of all plans that are not over."""

    @property
    def between_rounds_ns(self) -> int:
        """Return the least time from the end of a round to the plan's next one, ns."""
        return round((self.min_minutes_between_rounds or 0) * MINUTE_NS)

    @property
    def watches_loss(self) -> bool:
        """Return whether the day's result must be looked at every minute."""
        is_more = self.daily_loss_counts == "net_open" or self.on_daily_loss == "flatten"
        return self.daily_loss_rupees is not None and is_more

    @property
    def cooldown_ns(self) -> int:
        """Return how long a strategy waits after a loss, ns."""
        return round((self.cooldown_after_loss_s or 0) * SECOND_NS)


class StrategyConfig(Section, frozen=True, kw_only=True):
    """One strategy: where its class is, what it trades, and its own limits."""

    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
    module: str
    class_: str = msgspec.field(name="class")
    enabled: bool = True
    timeframe: str = "1m"
    timeframes: list[str] = []
    """Further ones whose candles it is shown."""
    symbols: list[str] = []
    params: dict[str, Any] = {}
    exits: ExitOverrides = ExitOverrides()
    product: Product = "MIS"
    priority: int = 0
    max_trades_per_day: PositiveCount | None = None
    max_loss_streak: PositiveCount | None = None


class StrategiesConfig(Section, frozen=True, kw_only=True):
    """The strategies in their order, and how their intents are reconciled."""

    conflict: Literal["highest_confidence", "priority", "net_out"] = "highest_confidence"
    max_strategy_errors: PositiveCount = 3
    warmup_candles: Count = 200
    path: list[str] = []
    """Directories with modules of strategies, in addition to the configuration's own."""
    items: list[StrategyConfig] = msgspec.field(default_factory=list, name="list")


class InstrumentConfig(Section, frozen=True, kw_only=True):
    """One instrument written out; what is left out is looked up or takes its default."""

    tradingsymbol: str
    instrument_token: PositiveCount | None = None
    exchange: str | None = None
    segment: str | None = None
    name: str | None = None
    instrument_type: Literal["EQ", "FUT", "CE", "PE", "INDEX"] | None = None
    tick_size: Annotated[float, Meta(gt=0, le=1e6)] | None = None
    """Rupees."""
    lot_size: PositiveCount | None = None
    """Units."""
    expiry: str | None = None
    strike: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    """Rupees."""


class OptionsConfig(Section, frozen=True, kw_only=True):
    """A window of one expiry's options that follows the spot: ATM and strikes on each side.

    The middle moves when the spot is past the midpoint to the next strike by `hysteresis` of a
    strike step, so that a spot at the midpoint does not swing it.
    """

    expiry: Literal["weekly", "next_weekly", "monthly", "next_monthly"] = "weekly"
    strikes_each_side: Annotated[int, Meta(ge=0, le=100)] = 5
    types: tuple[Literal["CE", "PE"], ...] = ("CE", "PE")
    hysteresis: Annotated[float, Meta(ge=0, le=0.5)] = 0.25


class UnderlyingConfig(Section, frozen=True, kw_only=True):
    """What to watch of one underlying, resolved from the dump by its own expiry dates."""

    name: str
    """As in the dump's column `name`: NIFTY, BANKNIFTY, RELIANCE, ..."""
    index: bool = True
    """Whether its spot (the index, or the share) is watched too."""
    futures: list[Literal["current", "next", "far"]] = []
    options: OptionsConfig | None = None


class UniverseConfig(Section, frozen=True, kw_only=True):
    """The instruments of the run. Empty means all that the feed's files name.

    `instruments_file` is a CSV in Kite's dump format that rows are looked up in. `underlyings`
    are for the kite feed, and for recordings.
    """

    instruments_file: str = ""
    underlyings: list[UnderlyingConfig] = []
    instruments: list[InstrumentConfig] = []


class MetricsConfig(Section, frozen=True, kw_only=True):
    """The metrics file; a relative path is under the output directory."""

    interval_s: Annotated[float, Meta(gt=0, le=3600)] = 1.0
    path: str = "analytics/runtime_metrics.json"


LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class LogConfig(Section, frozen=True, kw_only=True):
    """What is logged, and how."""

    level: LogLevel = "INFO"
    format: Literal["text", "json"] = "text"
    file: str = ""
    rotation_mb: Annotated[int, Meta(ge=1, le=10_000)] = 50
    retention_files: Annotated[int, Meta(ge=1, le=1000)] = 10


class RecordingConfig(Section, frozen=True, kw_only=True):
    """What is kept of a live account's recordings, and where else they go."""

    keep_days: PositiveCount | None = None
    """null: all are kept."""
    lake: str = ""
    """A lake that each finished recording is written into as well; empty: none."""


class WebConfig(Section, frozen=True, kw_only=True):
    """The page of a live account (`run_fno_paper web`)."""

    enabled: bool = False
    """True: the live daemon runs the page, unless a service manager does."""
    port: Annotated[int, Meta(ge=1, le=65_535)] = 8500
    listen: HostName = "127.0.0.1"
    """The address that the page listens on; the default is this machine only."""
    hosts: list[HostName] = []
    """Further names that a browser may ask for (`Host`), such as that of a proxy."""
    kite: KiteApiConfig = KiteApiConfig()
    hooks: HooksConfig | None = None
    """null: messages of charting services are not listened for."""
    metrics_token_file: str = ""
    """The file (mode 0600) with what `/metrics` is asked with; empty: open on loopback only."""


McpCommand = Literal[
    "kill_switch", "manual_exit", "strategy_off", "strategy_on", "risk_reducing", "risk_halted",
]  # fmt: skip
"""What an assistant may be allowed to do: none of it opens a position."""


class McpConfig(Section, frozen=True, kw_only=True):
    """What `run_fno_paper mcp` offers an assistant."""

    commands: list[McpCommand] = []
    """Commands that it may give, each with a confirmation; empty: it reads only."""


class RulesConfig(Section, frozen=True, kw_only=True):
    """The dated rulebook; empty means the one that ships (`configs/rules`)."""

    directory: str = ""
    local: str = ""
    """Rows laid over it; empty: `rules.local.yaml` next to the configuration, or else in
    `run_fno_paper` in the user's configuration directory, if there is one."""


class BrokerageConfig(Section, frozen=True, kw_only=True):
    """A broker's plan for each executed order: `percent` of its value, at most
    `per_order_rupees`; without `percent` that amount flat."""

    per_order_rupees: Annotated[float, Meta(ge=0, le=1e6)]
    percent: Annotated[float, Meta(gt=0, le=100)] | None = None


class ChargesConfig(Section, frozen=True, kw_only=True):
    """What is charged otherwise than in the dated rules; null: as they say (Zerodha's plan)."""

    brokerage: BrokerageConfig | None = None


BROKERS: Final = frozenset({"kite"})
"""Models that ask a broker, named as its feed."""


class MarginConfig(Section, frozen=True, kw_only=True):
    """How margins are computed (docs/MARGIN.md), and what happens if one is short."""

    model: Literal["scenario", "off", "span_file", "kite"] = "scenario"
    enforce: Literal["tell", "square_off"] = "tell"
    span_file: str = ""
    """The clearing house's file of the day, for `model: span_file`."""


class Origin(Section, frozen=True, kw_only=True):
    """Where a configuration file was, and what its relative paths stand for.

    Filled in when a file is read, empty if nothing in it was relative; kept in a run's own copy.
    """

    directory: str = ""
    """The file's own directory, absolute."""
    written: dict[str, str] = {}
    """Absolute path -> the path as it was written."""
    misplaced: list[str] = []
    """Absolute paths of inputs that were in the working directory only."""


class Config(Section, frozen=True, kw_only=True):
    """The whole configuration of a run."""

    version: Literal[1] = 1
    account: Annotated[str, Meta(pattern=ACCOUNT_NAME)] = "dev"
    capital_rupees: Annotated[float, Meta(gt=0, le=1e12)] | None = None
    """What the account began with; null: no entry is refused for want of margin."""
    out: str = "artifacts"
    feed: FeedConfig = FeedConfig()
    universe: UniverseConfig = UniverseConfig()
    execution: ExecutionConfig = ExecutionConfig()
    risk: RiskConfig = RiskConfig()
    strategies: StrategiesConfig = StrategiesConfig()
    plans: Plans = Plans()
    metrics: MetricsConfig = MetricsConfig()
    log: LogConfig = LogConfig()
    recording: RecordingConfig = RecordingConfig()
    web: WebConfig = WebConfig()
    alerts: AlertsConfig = AlertsConfig()
    mcp: McpConfig = McpConfig()
    api: ApiConfig = ApiConfig()
    rules: RulesConfig = RulesConfig()
    charges: ChargesConfig = ChargesConfig()
    margin: MarginConfig = MarginConfig()
    origin: Origin = Origin()


class LiveChange(Section, frozen=True, kw_only=True, omit_defaults=True):
    """What was changed while it ran; None, and strategies that are not named, are as before."""

    risk: RiskConfig | None = None
    strategies: dict[str, bool] = {}
    """Strategy id -> enabled, in the order of the configuration."""
    log_level: LogLevel | None = None
