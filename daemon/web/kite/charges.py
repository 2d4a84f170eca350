"""What an order is charged, by the daemon's dated rules and the configured plan."""

from __future__ import annotations

from typing import Final

from daemon.broker.kite_rows import KiteRow
from daemon.domain.dates import ist_date
from daemon.domain.events import Charges
from daemon.domain.instrument import Universe
from daemon.errors import ConfigError
from daemon.process.clock import MACHINE_CLOCKS
from daemon.rules import Rulebook
from daemon.runtime.configured_rules import engine_rules, load_rules
from daemon.settings.config import Config
from daemon.web.kite.account import Account
from daemon.web.kite.errors import bad_input
from daemon.web.kite.margin_lines import Want

_NO_GST: Final = {"igst": 0, "cgst": 0, "sgst": 0, "total": 0}
NO_CHARGES_ROW: Final[KiteRow] = {
    "transaction_tax": 0,
    "transaction_tax_type": "",
    "exchange_turnover_charge": 0,
    "sebi_turnover_charge": 0,
    "brokerage": 0,
    "stamp_duty": 0,
    "gst": _NO_GST,
    "total": 0,
}


class Tariff:
    """The rules of the configuration in force, read again where that has changed."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._config: Config | None = None
        self._rules: Rulebook | None = None

    def of(self, want: Want) -> Charges:
        """Return the charges of an order if it filled today. Raises KiteError, ConfigError."""
        if not self._account.config.execution.charges:
            return Charges()
        ts = self._account.market.clock_ns or MACHINE_CLOCKS.wall_ns()
        try:
            return self._now().charges(
                ist_date(ts),
                want.instrument,
                transaction_type=want.side,
                quantity=want.quantity,
                price_paise=want.price_paise,
            )
        except ConfigError as error:
            raise bad_input(str(error)) from error

    def _now(self) -> Rulebook:
        config = self._account.config
        if self._rules is None or config is not self._config:
            self._rules = engine_rules(config, load_rules(config), Universe(()))
            self._config = config
        return self._rules


def charges_row(charges: Charges) -> KiteRow:
    """Return charges as Kite names them, rupees."""
    gst = float(charges.gst)
    return {
        "transaction_tax": float(charges.transaction_tax),
        "transaction_tax_type": "stt",
        "exchange_turnover_charge": float(charges.exchange_turnover_charge),
        "sebi_turnover_charge": float(charges.sebi_turnover_charge),
        "brokerage": float(charges.brokerage),
        "stamp_duty": float(charges.stamp_duty),
        "gst": {"igst": gst, "cgst": 0, "sgst": 0, "total": gst},
        "total": float(charges.total),
    }
