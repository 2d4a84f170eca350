"""The risk arrays that a configuration names, for the contracts of its universe."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from msgspec.structs import replace

from daemon.domain.instrument import Universe
from daemon.domain.risk_arrays import RiskArrays
from daemon.errors import ConfigError
from daemon.settings.config import Config


def configured_arrays(
    config: Config, universe: Universe, *, date: dt.date | None = None
) -> RiskArrays | None:
    """Return the arrays of the universe's contracts, None with another model.

    Raises ConfigError for a file that cannot be read or, given a `date`, is of another one.
    """
    if config.margin.model != "span_file":
        return None
    from daemon.span.spn_file import read_spn

    path = Path(config.margin.span_file)
    contracts = [each for each in universe if each.is_contract]
    arrays = read_spn(path, frozenset(each.name for each in contracts))
    if date is not None and arrays.date != date.isoformat():
        raise ConfigError(
            f"margin.span_file: {path} is of {arrays.date}, and it is {date}: download the file of "
            "today, or set margin.model: scenario"
        )
    known = {
        (each.name, each.instrument_type, each.expiry, each.strike_paise) for each in contracts
    }
    return replace(arrays, rows=tuple(row for row in arrays.rows if row.key in known))
