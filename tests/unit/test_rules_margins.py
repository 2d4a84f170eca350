"""The dated rates of margins: what is in force when, and what is not known."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from daemon.domain.instrument import Instrument
from daemon.errors import ConfigError
from daemon.rules import load_rulebook
from daemon.rules.loader import SHIPPED_RULES
from daemon.rules.reach import reaches

RULES = load_rulebook()
TODAY = dt.date(2026, 11, 18)


def instrument(name: str, symbol: str = "X26NOVFUT") -> Instrument:
    return Instrument(instrument_token=1, tradingsymbol=symbol, name=name)


def test_an_index_and_a_share_have_rates_of_their_own() -> None:
    index, share = (RULES.margin_rates(TODAY, instrument(name)) for name in ("SENSEX", "INFY"))
    assert (index.is_index, index.scan_ppm, index.far_option_scan_ppm) == (True, 93_000, 177_000)
    assert (index.exposure_ppm, index.expiry_day_ppm) == (20_000, 20_000)
    assert (share.is_index, share.scan_ppm, share.far_option_scan_ppm) == (False, 142_000, 142_000)
    assert (share.exposure_ppm, share.expiry_day_ppm) == (35_000, 0)
    for rates in (index, share):
        assert (rates.volatility_ppm, rates.extreme_cover_ppm) == (40_000, 350_000)
        assert (rates.calendar_ppm, rates.calendar_on_expiry_day) == (15_000, False)
        assert (rates.delivery_ppm, rates.intraday_ppm) == (1_000_000, 200_000)


def test_an_index_itself_has_the_rates_of_its_contracts() -> None:
    spot = Instrument(
        instrument_token=1, tradingsymbol="NIFTY 50", name="NIFTY 50", instrument_type="INDEX"
    )
    assert RULES.margin_rates(TODAY, spot) == RULES.margin_rates(TODAY, instrument("NIFTY"))


@pytest.mark.parametrize(
    ("name", "day", "expiry_day", "offset"),
    [
        ("NIFTY", "2024-11-19", 0, True),
        ("NIFTY", "2024-11-20", 20_000, True),
        ("NIFTY", "2025-02-01", 20_000, False),
        ("INFY", "2026-05-04", 0, True),
        ("INFY", "2026-05-05", 0, False),
    ],
)
def test_rates_are_those_of_their_date(name: str, day: str, expiry_day: int, offset: bool) -> None:
    rates = RULES.margin_rates(dt.date.fromisoformat(day), instrument(name))
    assert (rates.expiry_day_ppm, rates.calendar_on_expiry_day) == (expiry_day, offset)


def test_a_date_before_the_rates_and_a_contract_without_an_underlying_are_refused() -> None:
    with pytest.raises(ConfigError) as early:
        RULES.margin_rates(dt.date(2022, 12, 30), instrument("NIFTY"))
    assert str(early.value) == (
        "margins.yaml: rates: margins of 2022-12-30 are not known, the first are of 2023-01-01; "
        "add a row to rules.local.yaml or set `margin.model: off`"
    )
    with pytest.raises(ConfigError) as nameless:
        RULES.margin_rates(TODAY, instrument(""))
    assert str(nameless.value).startswith("margins: the underlying of X26NOVFUT is not known;")
    assert "\n" not in str(nameless.value)


def test_a_row_of_ones_own_is_laid_over_them(tmp_path: Path) -> None:
    local = tmp_path / "rules.local.yaml"
    local.write_text(
        "version: 1\nmargins:\n  shares:\n    - {from: 2026-12-01, delivery_percent: 100, "
        "intraday_percent: 33.3333, source: my broker}\n"
    )
    rules = load_rulebook(local=local)
    before, after = (
        rules.margin_rates(date, instrument("INFY")).intraday_ppm
        for date in (TODAY, dt.date(2026, 12, 1))
    )
    assert (before, after) == (200_000, 333_333)
    found = {each.table: each for each in reaches(rules)}
    assert (found["margins.shares"].rows, found["margins.shares"].local) == (2, 1)
    assert found["margins.rates"].since == dt.date(2023, 1, 1)


def test_a_directory_without_the_file_has_the_shipped_rates(tmp_path: Path) -> None:
    own = Path(shutil.copytree(SHIPPED_RULES, tmp_path / "rules"))
    (own / "margins.yaml").unlink()
    assert load_rulebook(own).margins_file == RULES.margins_file
