"""The instruments that a configuration names one by one, for a live day."""

from __future__ import annotations

from pathlib import Path

from daemon.domain.instrument import Instrument
from daemon.errors import ConfigError
from daemon.settings.config import UniverseConfig
from feeds.contracts.expiries import IsOver
from feeds.contracts.facts import ContractLookup
from feeds.contracts.lookup import Contracts, near_any_case
from feeds.contracts.universe import build_universe, describes


def single_instruments(
    config: UniverseConfig,
    dump: Contracts,
    is_over: IsOver,
    contracts: ContractLookup | None,
    data_dir: Path | None,
) -> list[Instrument]:
    """The instruments that the configuration names one by one, completed."""
    rows: list[Instrument] = []
    for number, each in enumerate(config.instruments):
        where = f"universe.instruments[{number}].tradingsymbol"
        found = dump.find(each.tradingsymbol, each.exchange)
        if len(found) > 1:
            places = ", ".join(row.exchange for row in found)
            raise ConfigError(
                f"{where}: {each.tradingsymbol} is listed on {places}; write its `exchange`"
            )
        if not found and not describes(each) and not config.instruments_file:
            raise ConfigError(
                f"{where}: {each.tradingsymbol} is not in the day's dump: it has expired, or is"
                f" mistyped{near_any_case(each.tradingsymbol, dump.symbols)}"
            )
        rows += found
    if not config.instruments:
        return []
    complete = list(build_universe(config, rows, contracts, data_dir=data_dir))
    for number, single in enumerate(complete):
        where = f"universe.instruments[{number}]"
        if is_over(single):
            raise ConfigError(
                f"{where}: {single.tradingsymbol} expired on {single.expiry}; take it out"
            )
        if single.instrument_token <= 0:
            raise ConfigError(
                f"{where}: {single.tradingsymbol} is not in the day's dump"
                f"{near_any_case(single.tradingsymbol, dump.symbols)}, and no instrument_token is"
                " written, so Kite cannot be asked for it"
            )
    return complete
