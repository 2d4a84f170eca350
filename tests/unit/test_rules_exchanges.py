"""Each exchange has its own hours and charges, and one without tables is refused."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from pathlib import Path

import pytest

from daemon.domain.dates import IST
from daemon.domain.events import Charges
from daemon.domain.instrument import Instrument, InstrumentType
from daemon.errors import ConfigError
from daemon.rules import Rulebook, load_rulebook
from daemon.rules.loader import SHIPPED_RULES

RULES = load_rulebook()
AUGUST = dt.date(2026, 8, 12)


def bse(kind: InstrumentType, name: str = "SENSEX", expiry: str = "") -> Instrument:
    return Instrument(
        instrument_token=5, tradingsymbol=f"{name}X", exchange="BFO", segment="BFO-OPT", name=name,
        instrument_type=kind, expiry=expiry,
    )  # fmt: skip


def of_nse(kind: InstrumentType) -> Instrument:
    return Instrument(instrument_token=2, tradingsymbol="X", name="NIFTY", instrument_type=kind)


def sold(rules: Rulebook, instrument: Instrument, date: dt.date, value_paise: int) -> Charges:
    return rules.charges(
        date, instrument, transaction_type="SELL", quantity=1, price_paise=value_paise
    )


def closes(instrument: Instrument, date: dt.date, rules: Rulebook = RULES) -> str:
    session = rules.session(date, instrument)
    assert session is not None
    return f"{dt.datetime.fromtimestamp(session.close_ts / 1e9, IST):%H:%M}"


def test_bse_index_options_cost_their_own_rate_and_its_index_futures_nothing() -> None:
    option = sold(RULES, bse("CE"), AUGUST, 400_000_000)
    future = sold(RULES, bse("FUT"), AUGUST, 160_000_000)
    assert (option.exchange_turnover_charge, future.exchange_turnover_charge) == ("1300", "0")


@pytest.mark.parametrize("kind", ["FUT", "CE", "PE"])
def test_taxes_and_fees_are_the_same_on_both_exchanges(kind: InstrumentType) -> None:
    for side in ("BUY", "SELL"):
        here, there = (
            RULES.charges(
                AUGUST, each, transaction_type=side, quantity=20, price_paise=20_000
            )
            for each in (bse(kind), of_nse(kind))
        )  # fmt: skip
        for line in ("brokerage", "transaction_tax", "sebi_turnover_charge", "stamp_duty"):
            assert getattr(here, line) == getattr(there, line)


def test_what_bse_charged_before_october_2024_is_refused_and_not_guessed() -> None:
    with pytest.raises(ConfigError) as caught:
        sold(RULES, bse("CE"), dt.date(2024, 9, 30), 100)
    assert str(caught.value) == (
        "SENSEXX: the charges of BFO for SENSEX options on 2024-09-30 are not in the dated tables, "
        "they begin on 2024-10-01; add them to rules.local.yaml, leave the symbol out, or set "
        "execution.charges: false"
    )
    assert sold(RULES, bse("CE"), dt.date(2024, 10, 1), 10_000).exchange_turnover_charge != "0"


@pytest.mark.parametrize("kind", ["FUT", "CE"])
def test_bse_contracts_of_other_underlyings_are_refused(kind: InstrumentType) -> None:
    with pytest.raises(ConfigError, match=r"charges of BFO for RELIANCE .* add them"):
        RULES.refuse_unknown([bse(kind, "RELIANCE")], charged=True)
    RULES.refuse_unknown([bse(kind, "RELIANCE")], charged=False)


@pytest.mark.parametrize("exchange", ["MCX", "CDS", "BCD", "NCO", "NSEIX", ""])
def test_an_exchange_without_tables_is_refused_wherever_it_is_asked(exchange: str) -> None:
    crude = Instrument(
        instrument_token=7, tradingsymbol="CRUDEOIL26DECFUT", exchange=exchange, name="CRUDEOIL"
    )
    for ask in (
        lambda: RULES.session(AUGUST, crude),
        lambda: sold(RULES, crude, AUGUST, 100),
        lambda: RULES.refuse_unknown([crude], charged=False),
    ):
        with pytest.raises(ConfigError) as caught:
            ask()
        said = str(caught.value)
        assert said.startswith(f"CRUDEOIL26DECFUT: the rules of exchange {exchange!r} are not in")
        assert "universe.instruments" in said
        assert "\n" not in said


@pytest.mark.parametrize(
    ("date", "contract", "share"),
    [
        (dt.date(2025, 1, 6), "15:30", "15:30"),
        (AUGUST, "15:40", "15:15"),
        (dt.date(2026, 12, 9), "15:45", "15:30"),
    ],
)
def test_bse_keeps_its_own_hours(date: dt.date, contract: str, share: str) -> None:
    equity = Instrument(
        instrument_token=4, tradingsymbol="INFY", exchange="BSE", segment="BSE",
        instrument_type="EQ",
    )  # fmt: skip
    index = Instrument(
        instrument_token=9, tradingsymbol="SENSEX", exchange="BSE", segment="INDICES",
        instrument_type="INDEX",
    )  # fmt: skip
    assert (closes(bse("CE"), date), closes(equity, date)) == (contract, share)
    assert closes(index, date) == share


def test_an_expiring_sensex_contract_closes_early_from_december_2026() -> None:
    expiry = dt.date(2026, 12, 10)
    assert closes(bse("CE", expiry="2026-12-10"), expiry) == "15:30"
    assert closes(bse("CE", expiry="2026-12-17"), expiry) == "15:45"


def test_a_special_session_may_close_later_for_contracts(tmp_path: Path) -> None:
    local = tmp_path / "rules.local.yaml"
    local.write_text(
        "version: 1\ncalendar:\n  special_sessions:\n    - {from: 2026-12-12, name: Test, "
        "open: '09:15', close: '12:00', contracts_close: '12:05', source: a test}\n"
    )
    rules = load_rulebook(local=local)
    share = Instrument(instrument_token=1, tradingsymbol="A", exchange="NSE", instrument_type="EQ")
    saturday = dt.date(2026, 12, 12)
    assert (closes(of_nse("FUT"), saturday, rules), closes(share, saturday, rules)) == (
        "12:05", "12:00",
    )  # fmt: skip


def as_in_0_2_0(folder: Path) -> Path:
    """The rule files of a user of 0.2.0: no key `exchange`, no row of BSE, no expiry days."""
    shutil.copytree(SHIPPED_RULES, folder)
    for file in folder.iterdir():
        rows = re.split(r"(?m)^(?=  - |[a-z#])", file.read_text())
        newer = ("exchange:", "SENSEX", "expiry_days:")
        kept = [row for row in rows if not any(each in row for each in newer)]
        file.write_text("".join(kept))
    contracts = folder / "contracts.yaml"
    names = (SHIPPED_RULES / "contracts.yaml").read_text().split("index_underlyings:\n")[1]
    assert names.startswith("  [NIFTY")
    contracts.write_text(
        contracts.read_text().replace("lot_sizes:", "index_underlyings: [NIFTY]\nlot_sizes:", 1)
    )
    return folder


def test_rules_of_0_2_0_without_an_exchange_are_those_of_nse(tmp_path: Path) -> None:
    old = load_rulebook(as_in_0_2_0(tmp_path / "rules"))
    assert old.session(AUGUST, of_nse("FUT")) == RULES.session(AUGUST, of_nse("FUT"))
    assert sold(old, of_nse("CE"), AUGUST, 10_000) == sold(RULES, of_nse("CE"), AUGUST, 10_000)
    with pytest.raises(ConfigError, match="charges of BFO for SENSEX options are not in"):
        old.refuse_unknown([bse("CE")], charged=True)
    with pytest.raises(ConfigError, match="hours: no row of exchange BSE, segment BFO"):
        old.session(AUGUST, bse("CE"))
