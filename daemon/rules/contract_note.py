"""Make a day's contract note: the charges of its orders, rounded as brokers' notes are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import msgspec

from daemon.domain.events import Charges

_PAISA: Final = Decimal("0.01")
_RUPEE: Final = Decimal(1)
_ZERO: Final = Decimal(0)
LINES: Final[Mapping[str, str]] = {
    "brokerage": "brokerage",
    "stt": "transaction_tax",
    "exchange": "exchange_turnover_charge",
    "sebi": "sebi_turnover_charge",
    "stamp": "stamp_duty",
    "gst": "gst",
}
"""Line of a note -> field of an order's exact charges."""


class ContractNote(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of one note in rupees: STT rounded half up to the rupee, the others to the paisa.

    Whether brokers round stamp duty to the rupee is not settled; here it is rounded to the paisa.
    """

    brokerage: Decimal = _ZERO
    stt: Decimal = _ZERO
    exchange: Decimal = _ZERO
    sebi: Decimal = _ZERO
    stamp: Decimal = _ZERO
    gst: Decimal = _ZERO

    @property
    def total(self) -> Decimal:
        """Return the sum of the rounded lines."""
        return self.brokerage + self.stt + self.exchange + self.sebi + self.stamp + self.gst


class ContractNoteSums:
    """Adds up the exact charges of a day's orders; only the sums are rounded."""

    def __init__(self) -> None:
        self._exact = dict.fromkeys(LINES, _ZERO)

    def add(self, charges: Charges) -> None:
        """Add one executed order or settlement."""
        for line, field in LINES.items():
            rupees = getattr(charges, field)
            if rupees != "0":
                self._exact[line] += Decimal(rupees)

    def note(self) -> ContractNote:
        """Return the note for what was added so far."""
        rounded = {
            line: exact.quantize(_RUPEE if line == "stt" else _PAISA, ROUND_HALF_UP)
            for line, exact in self._exact.items()
        }
        return ContractNote(**rounded)


def contract_note(charges: Iterable[Charges]) -> ContractNote:
    """Return the contract note of a day's orders."""
    sums = ContractNoteSums()
    for order_charges in charges:
        sums.add(order_charges)
    return sums.note()
