"""The one builder of what decides: strategies, engine, and the prices they were shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from daemon.chain.listed import ListedOf
from daemon.clockwork.paper_engine import MarketOf, PaperEngine
from daemon.control.client_ids import ClientIds
from daemon.control.requests import Admitted
from daemon.domain.carry_over import CarryOver
from daemon.domain.drawdown import EquityState
from daemon.domain.inputs import Command, Input
from daemon.domain.instrument import Universe
from daemon.domain.ledger import Ledger
from daemon.domain.money import paise_exact
from daemon.domain.risk_arrays import RiskArrays
from daemon.domain.ticks import Ticks
from daemon.execution.context import Rules, Strategies
from daemon.execution.margin_desk import MarginTerms
from daemon.market.rows import Rows
from daemon.rules import Rulebook
from daemon.runtime.configured_rules import engine_rules
from daemon.runtime.listed_expiries import listed_by
from daemon.runtime.series import PriceSampler
from daemon.settings.config import BROKERS, Config
from feeds.recording.format import LogHeader
from strategies.engine import StrategyEngineV2

StrategyClasses = Mapping[str, type[Any]]
"""The id of a strategy -> its class, where that is in hand."""


class Machine(NamedTuple):
    """The deciding parts: strategies, the engine that runs them, and what they were shown."""

    strategies: StrategyEngineV2
    engine: PaperEngine
    sampler: PriceSampler
    client_ids: ClientIds

    def saw(self, item: Input) -> None:
        """Note an input that the engine has just handled."""
        if not isinstance(item, Ticks):
            self.client_ids.saw(item, self.admitted(item), self.engine.at.date)

    def admitted(self, item: Input) -> Admitted:
        """Return what became of an input that the engine has just handled."""
        engine = self.engine
        is_order = isinstance(item, Command) and item.order is not None
        result = engine.engine.account.api.result if is_order else None
        return Admitted(engine.input_no, engine.ledger.seq, result)


def machine(
    config: Config,
    rules: Rulebook,
    universe: Universe,
    *,
    ledger: Ledger | None = None,
    carry: CarryOver | None = None,
    first_input_no: int = 0,
    equity: EquityState | None = None,
    client_ids: ClientIds | None = None,
    arrays: RiskArrays | None = None,
    classes: StrategyClasses | None = None,
    market_of: MarketOf | None = None,
) -> Machine:
    """Build strategies and engine of a configuration, live or replayed. Raises ConfigError.

    `ledger`, `carry`, `first_input_no`, `equity` and `client_ids` are what an account had before.
    `arrays` are those that `margin.model: span_file` needs, `classes` the strategies that are in no
    module, by id. With `market_of` the engine follows another one, and no sampler sees its rows.
    """
    listed = listed_by(rules.expiries, universe)
    strategies = StrategyEngineV2(config.strategies, universe, listed, classes)
    sampler = PriceSampler(universe, ledger, equity)
    engine = paper_engine(
        config,
        engine_rules(config, rules, universe),
        universe,
        strategies,
        ledger=ledger,
        carry=carry,
        first_input_no=first_input_no,
        on_rows=sampler.observe if market_of is None else None,
        margin=margin_terms(config, rules, arrays),
        listed=listed,
        market_of=market_of,
    )
    return Machine(strategies, engine, sampler, client_ids or ClientIds())


def machine_of(header: LogHeader, rules: Rulebook) -> Machine:
    """Build the machine as it was before the first input of a recording.

    Raises ConfigError, or MsgspecError if this version cannot read what the header holds.
    """
    config = msgspec.json.decode(header.config, type=Config)
    ledger = msgspec.json.decode(header.ledger, type=Ledger) if header.ledger else None
    return machine(
        config,
        rules,
        Universe(header.instruments),
        ledger=ledger,
        carry=header.carry,
        first_input_no=header.first_input_no,
        equity=header.equity,
        arrays=header.arrays,
    )


def paper_engine(
    config: Config,
    rules: Rules,
    universe: Universe,
    strategies: Strategies,
    *,
    ledger: Ledger | None = None,
    carry: CarryOver | None = None,
    first_input_no: int = 0,
    on_rows: Callable[[Rows], None] | None = None,
    margin: MarginTerms | None = None,
    listed: ListedOf | None = None,
    market_of: MarketOf | None = None,
) -> PaperEngine:
    """Build an engine alone, for strategies that are there already and rules as they are."""
    return PaperEngine(
        config.execution,
        universe=universe,
        rules=rules,
        risk=config.risk,
        strategies=strategies,
        ledger=ledger,
        carry=carry,
        first_input_no=first_input_no,
        on_rows=on_rows,
        margin=margin,
        plans=[plan for plan in config.plans.items if plan.enabled],
        listed=listed,
        market_of=market_of,
    )


def margin_terms(
    config: Config, rules: Rulebook, arrays: RiskArrays | None = None
) -> MarginTerms | None:
    """Return what margins are computed with, None if none are."""
    if config.margin.model == "off":
        return None
    assert (arrays is not None) == (config.margin.model == "span_file")
    capital = config.capital_rupees
    return MarginTerms(
        None if capital is None else paise_exact(capital),
        rules.margin_rates,
        squares_off=config.margin.enforce == "square_off",
        asks_broker=config.margin.model in BROKERS,
        arrays=arrays,
    )
