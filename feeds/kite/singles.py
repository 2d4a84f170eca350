"""Find the instruments that a configuration names one by one, for a live day."""

from __future__ import annotations

from pathlib import Path

from daemon.domain.instrument import Instrument
from daemon.errors import ConfigError
from daemon.settings.config import UniverseConfig
from feeds.contracts.expiries import IsExpired
from feeds.contracts.facts import ContractLookup
from feeds.contracts.lookup import Contracts, suggest_any_case
from feeds.contracts.universe import build_universe, is_written_out


def single_instruments(
    config: UniverseConfig,
    dump: Contracts,
    is_expired: IsExpired,
    contracts: ContractLookup | None,
    data_dir: Path | None,
) -> list[Instrument]:
    """Return the instruments that the configuration names one by one, completed.

    Raises ConfigError for one that is unknown, listed twice, expired, or without a token.
    """
    rows: list[Instrument] = []
    for number, named in enumerate(config.instruments):
        where = f"universe.instruments[{number}].tradingsymbol"
        found = dump.find(named.tradingsymbol, named.exchange)
        if len(found) > 1:
            places = ", ".join(row.exchange for row in found)
            raise ConfigError(
                f"{where}: {named.tradingsymbol} is listed on {places}; write its `exchange`"
            )
        if not found and not is_written_out(named) and not config.instruments_file:
            raise ConfigError(
                f"{where}: {named.tradingsymbol} is not in the day's dump: it has expired, or is"
                f" mistyped{suggest_any_case(named.tradingsymbol, dump.symbols)}"
            )
        rows += found
    if not config.instruments:
        return []
    complete = list(build_universe(config, rows, contracts, data_dir=data_dir))
    for number, single in enumerate(complete):
        _check(single, f"universe.instruments[{number}]", dump, is_expired)
    return complete


def _check(single: Instrument, where: str, dump: Contracts, is_expired: IsExpired) -> None:
    """Refuse an instrument that expired or has no token. Raises ConfigError."""
    if is_expired(single):
        raise ConfigError(
            f"{where}: {single.tradingsymbol} expired on {single.expiry}; take it out"
        )
    if single.instrument_token <= 0:
        raise ConfigError(
            f"{where}: {single.tradingsymbol} is not in the day's dump"
            f"{suggest_any_case(single.tradingsymbol, dump.symbols)}, and no instrument_token is"
            " written, so Kite cannot be asked for it"
        )
