"""What orders cost: a broker's calculator and worked examples, to the last decimal."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.events import Charges
from daemon.domain.instrument import Instrument, InstrumentType
from daemon.domain.order import Side
from daemon.rules import load_rulebook
from daemon.rules.contract_note import contract_note

RULES = load_rulebook()
NOV_2026 = dt.date(2026, 11, 18)
NOV_2025 = dt.date(2025, 11, 18)
LINES = (
    "brokerage", "transaction_tax", "exchange_turnover_charge", "sebi_turnover_charge",
    "stamp_duty", "gst", "total",
)  # fmt: skip
Leg = tuple[Side, int, int]
"""Side, quantity in units, price in paise."""


def instrument(kind: InstrumentType) -> Instrument:
    return Instrument(instrument_token=1, tradingsymbol="X", name="NIFTY", instrument_type=kind)


def charged(kind: InstrumentType, date: dt.date, *legs: Leg) -> list[Charges]:
    return [
        RULES.charges(
            date, instrument(kind), transaction_type=side, quantity=quantity, price_paise=price
        )
        for side, quantity, price in legs
    ]


def summed(orders: list[Charges]) -> list[str]:
    totals = [sum(Decimal(getattr(each, line)) for each in orders) for line in LINES]
    return [f"{total.normalize():f}" for total in map(Decimal, totals)]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("FUT", "40 100 18.3 1 10 10.674 179.974"),
        ("CE", "40 500 355.3 1 15 71.334 982.634"),
    ],
)
def test_charges_equal_the_brokers_calculator(kind: InstrumentType, expected: str) -> None:
    orders = charged(kind, NOV_2025, ("BUY", 500, 100_000), ("SELL", 500, 100_000))
    assert summed(orders) == expected.split()


EXAMPLES: list[tuple[InstrumentType, dt.date, Leg, Leg, str, str]] = [
    ("FUT", NOV_2026, ("BUY", 65, 2_340_000), ("SELL", 65, 2_345_000),
     "40 762.125 55.728075 3.04525 30.42 17.7791985 909.0975235", "908.98"),
    ("CE", NOV_2026, ("BUY", 65, 12_000), ("SELL", 65, 14_050),
     "40 13.69875 6.01611725 0.0169325 0.234 8.285948955 68.251748705", "68.56"),
    ("PE", NOV_2025, ("SELL", 35, 35_000), ("BUY", 35, 29_000),
     "40 12.25 7.95872 0.0224 0.3045 8.6366016 69.1722216", "68.92"),
    ("FUT", NOV_2026, ("SELL", 50, 91_240), ("BUY", 50, 90_500),
     "27.261 22.81 1.662921 0.09087 0.905 5.22266238 57.95245338", "58.14"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "date", "first", "second", "exact", "note"), EXAMPLES, ids=["A", "B", "C", "D"]
)
def test_worked_examples_come_out_exactly(
    kind: InstrumentType, date: dt.date, first: Leg, second: Leg, exact: str, note: str
) -> None:
    orders = charged(kind, date, first, second)
    assert summed(orders) == exact.split()
    assert contract_note(orders).total == Decimal(note)


def test_example_e_the_holder_of_an_exercised_option_pays_tax_on_the_intrinsic_value() -> None:
    charges = RULES.exercise_charges(
        NOV_2026, instrument("CE"), sign=1, quantity=65, intrinsic_paise=11_235
    )
    assert charges == Charges(transaction_tax="10.954125", total="10.954125")
    assert contract_note([charges]).total == 11


@pytest.mark.parametrize(
    ("kind", "sign", "intrinsic"), [("CE", -1, 11_235), ("PE", 1, 0), ("FUT", 1, 11_235)]
)
def test_writers_worthless_options_and_futures_settle_free(
    kind: InstrumentType, sign: int, intrinsic: int
) -> None:
    charges = RULES.exercise_charges(
        NOV_2026, instrument(kind), sign=sign, quantity=65, intrinsic_paise=intrinsic
    )
    assert charges == Charges()


@pytest.mark.parametrize(
    ("kind", "date", "tax", "exchange"),
    [
        ("FUT", dt.date(2022, 6, 1), "10", "1.83"),
        ("FUT", dt.date(2023, 4, 1), "12.5", "1.83"),
        ("FUT", dt.date(2024, 9, 30), "12.5", "1.83"),
        ("FUT", dt.date(2024, 10, 1), "20", "1.83"),
        ("FUT", dt.date(2026, 3, 31), "20", "1.83"),
        ("FUT", dt.date(2026, 4, 1), "50", "1.83"),
        ("PE", dt.date(2022, 6, 1), "50", "49.5"),
        ("PE", dt.date(2024, 9, 30), "62.5", "49.5"),
        ("PE", dt.date(2024, 10, 1), "100", "35.53"),
        ("PE", dt.date(2026, 4, 1), "150", "35.53"),
        ("EQ", dt.date(2026, 4, 1), "25", "2.97"),
    ],
)
def test_rates_are_those_of_the_date(
    kind: InstrumentType, date: dt.date, tax: str, exchange: str
) -> None:
    (order,) = charged(kind, date, ("SELL", 1000, 10_000))
    assert (order.transaction_tax, order.exchange_turnover_charge) == (tax, exchange)


def test_exercise_tax_was_lower_before_april_2026() -> None:
    charges = RULES.exercise_charges(
        dt.date(2026, 3, 30), instrument("PE"), sign=1, quantity=65, intrinsic_paise=10_000
    )
    assert charges.total == "8.125"


def test_an_intraday_share_order_pays_the_smaller_brokerage() -> None:
    small, large = charged("EQ", NOV_2026, ("BUY", 10, 10_000), ("BUY", 1000, 100_000))
    assert (small.brokerage, small.stamp_duty, small.transaction_tax) == ("0.3", "0.03", "0")
    assert large.brokerage == "20"


def test_a_date_before_the_table_is_charged_by_its_oldest_row() -> None:
    old, oldest = (
        charged("FUT", date, ("SELL", 50, 1_000_000))
        for date in (dt.date(2020, 1, 1), dt.date(2022, 1, 3))
    )
    assert old == oldest


def test_an_index_cannot_be_charged() -> None:
    with pytest.raises(ValueError, match="tradable"):
        charged("INDEX", NOV_2026, ("BUY", 1, 100))


def test_an_empty_contract_note_is_free() -> None:
    assert contract_note([]).total == 0


@given(
    kind=st.sampled_from(["FUT", "CE", "PE", "EQ"]),
    date=st.dates(dt.date(2015, 1, 1), dt.date(2030, 1, 1)),
    side=st.sampled_from(["BUY", "SELL"]),
    quantity=st.integers(1, 10**6),
    price=st.integers(1, 10**9),
)
def test_lines_are_plain_decimals_that_add_up_exactly(
    kind: InstrumentType, date: dt.date, side: Side, quantity: int, price: int
) -> None:
    (order,) = charged(kind, date, (side, quantity, price))
    texts = [getattr(order, line) for line in LINES]
    assert all(re.fullmatch(r"(0|[1-9]\d*)(\.\d*[1-9])?", text) for text in texts)
    *lines, total = map(Decimal, texts)
    assert sum(lines) == total
    base = lines[0] + lines[2] + lines[3]
    assert lines[5] == base * Decimal("0.18")
    assert lines[0] <= 20
    assert (lines[1] == 0) == (side == "BUY")
    assert (lines[4] == 0) == (side == "SELL")


def test_the_last_256_prices_are_worked_out_once() -> None:
    rules, future = load_rulebook(), instrument("FUT")

    def asked(price: int) -> Charges:
        return rules.charges(
            NOV_2026, future, transaction_type="BUY", quantity=25, price_paise=price
        )

    first = [asked(price) for price in range(1, 257)]
    assert all(asked(price) is known for price, known in enumerate(first, 1))
    asked(257)
    assert len(rules._charges._kept) == 1


def test_charges_that_were_asked_before_are_those_of_a_fresh_table() -> None:
    legs: list[Leg] = [(side, 25, price) for price in range(1, 1500) for side in ("BUY", "SELL")]
    kinds: tuple[InstrumentType, ...] = ("CE", "FUT")
    first = [charged(kind, date, *legs) for kind in kinds for date in (NOV_2025, NOV_2026)]
    again = [charged(kind, date, *legs) for kind in kinds for date in (NOV_2025, NOV_2026)]
    assert again == first
    for kind in kinds:
        for leg in legs[::500]:
            fresh = load_rulebook().charges(
                NOV_2025, instrument(kind), transaction_type=leg[0], quantity=25,
                price_paise=leg[2],
            )  # fmt: skip
            assert charged(kind, NOV_2025, leg) == [fresh]
    assert len(RULES._charges._kept) <= 256
