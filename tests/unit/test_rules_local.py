"""rules.local.yaml over the rules that ship: it adds rows and replaces those of one date."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from daemon.domain.dates import IST
from daemon.domain.instrument import Instrument
from daemon.errors import ConfigError
from daemon.rules import Rulebook, load_rulebook
from daemon.rules.reach import reaches
from daemon.runtime.configured_rules import load_rules
from daemon.settings.file import load_config

FUTURE = Instrument(instrument_token=1, tradingsymbol="NIFTY27JANFUT", name="NIFTY")
REPUBLIC_DAY = dt.date(2027, 1, 26)
YEAR_2027 = """
calendar:
  years:
    - from: 2027-01-01
      to: 2027-12-31
      source: a circular of the exchange
      holidays:
        - {date: 2027-01-26, name: Republic Day}
"""


def local(folder: Path, text: str) -> Path:
    path = folder / "rules.local.yaml"
    path.write_text(f"version: 1\n{text}")
    return path


def loaded(folder: Path, text: str) -> Rulebook:
    return load_rulebook(local=local(folder, text))


def sold(rules: Rulebook, date: dt.date) -> tuple[str, str]:
    charges = rules.charges(
        date, FUTURE, transaction_type="SELL", quantity=1, price_paise=1_000_000
    )
    return charges.transaction_tax, charges.brokerage


def test_a_year_is_added_and_its_holiday_has_no_session(tmp_path: Path) -> None:
    assert load_rulebook().session(REPUBLIC_DAY, FUTURE) is not None
    rules = loaded(tmp_path, YEAR_2027)
    assert rules.is_known(REPUBLIC_DAY)
    assert rules.session(REPUBLIC_DAY, FUTURE) is None
    assert rules.session(dt.date(2027, 1, 27), FUTURE) is not None
    assert rules.session(dt.date(2026, 11, 24), FUTURE) is None, "the shipped years stay"


def test_a_holiday_is_added_to_a_year_that_ships(tmp_path: Path) -> None:
    rules = loaded(tmp_path, "calendar: {holidays: [{date: 2026-12-10, name: Election}]}")
    assert rules.session(dt.date(2026, 12, 10), FUTURE) is None
    assert rules.session(dt.date(2026, 12, 11), FUTURE) is not None


def test_a_row_of_the_same_date_is_replaced_and_a_later_one_follows(tmp_path: Path) -> None:
    rules = loaded(
        tmp_path,
        "charges:\n  transaction_tax:\n"
        "    - {from: 2026-04-01, class: futures, percent: 0.04, side: SELL, source: mine}\n"
        "    - {from: 2026-12-01, class: futures, percent: 0.06, side: SELL, source: mine}\n",
    )
    assert sold(rules, dt.date(2026, 3, 31))[0] == "2"
    assert sold(rules, dt.date(2026, 4, 1))[0] == "4"
    assert sold(rules, dt.date(2026, 12, 1))[0] == "6"


def test_hours_are_replaced_for_the_named_segment_alone(tmp_path: Path) -> None:
    rules = loaded(
        tmp_path,
        "calendar:\n  hours:\n    - {from: 2026-12-07, segments: [NSE], open: '09:15', "
        "close: '15:20', source: mine}\n",
    )
    share = Instrument(instrument_token=1, tradingsymbol="A", exchange="NSE", instrument_type="EQ")
    index = Instrument(
        instrument_token=1, tradingsymbol="A", exchange="NSE", instrument_type="INDEX"
    )
    found = [rules.session(dt.date(2026, 12, 9), each) for each in (share, index, FUTURE)]
    ends = [dt.datetime.fromtimestamp(each.close_ts / 1e9, IST) for each in found if each]
    assert [f"{each:%H:%M}" for each in ends] == ["15:20", "15:30", "15:45"]


def test_contract_rows_are_added(tmp_path: Path) -> None:
    rules = loaded(
        tmp_path,
        "contracts:\n  index_underlyings: [NEWINDEX]\n"
        "  freeze_quantities: [{from: 2026-12-01, name: NIFTY, units: 2400, source: mine}]\n"
        "  lot_sizes: [{from: 2026-12-01, name: NEWINDEX, units: 10, source: mine}]\n",
    )
    assert rules.freeze_quantity(dt.date(2026, 12, 1), FUTURE) == 2400
    assert rules.freeze_quantity(dt.date(2026, 11, 30), FUTURE) == 1800
    assert rules.lot_size("NEWINDEX", dt.date(2026, 12, 31)) == 10
    assert rules.tick_paise("CE", "NEWINDEX", dt.date(2026, 12, 31)) == 5


def test_charges_of_bse_before_the_table_can_be_written(tmp_path: Path) -> None:
    rules = loaded(
        tmp_path,
        "charges:\n  exchange_turnover:\n    - {from: 2023-05-15, exchange: BSE, class: options, "
        "names: [SENSEX, BANKEX], percent: 0.05, source: mine}\n",
    )
    option = Instrument(
        instrument_token=1, tradingsymbol="S", exchange="BFO", name="SENSEX", instrument_type="CE"
    )
    charges = rules.charges(
        dt.date(2024, 1, 2), option, transaction_type="BUY", quantity=1, price_paise=10_000
    )
    assert charges.exchange_turnover_charge == "0.05"


def test_the_rows_of_the_user_are_counted(tmp_path: Path) -> None:
    holidays = "  holidays: [{date: 2026-12-10, name: Election}]\n"
    found = {each.table: each for each in reaches(loaded(tmp_path, YEAR_2027 + holidays))}
    years = found["calendar.years"]
    assert (years.until, years.rows, years.local) == (dt.date(2027, 12, 31), 6, 2)
    assert found["charges.gst"].local == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("calender: {}", "2: calender: unknown key; did you mean 'calendar'?"),
        ("calendar: {holiday: []}", "2: calendar.holiday: unknown key; did you mean 'holidays'?"),
        (
            "calendar:\n  years:\n"
            "    - {from: 2026-12-15, to: 2027-12-31, source: x, holidays: []}",
            "4: calendar.years[0]: overlaps 2026-01-01 to 2026-12-31; the same `from` would "
            "replace it",
        ),
        (
            "calendar: {holidays: [{date: 2027-01-26, name: Republic Day}]}",
            "2: calendar.holidays[0].date: 2027-01-26 is in no year of the calendar; add its year",
        ),
        (
            "calendar: {holidays: [{date: 2026-11-08, name: Sunday}]}",
            "2: calendar.holidays[0].date: 2026-11-08 has a special session, which would win",
        ),
        (
            "charges:\n  gst: [{from: 2027-01-01, percent: 18.125, source: x}]",
            "3: charges.gst[0].percent: expected a number >= 0 with at most 2 decimals, was 18.125",
        ),
        (
            "contracts:\n  lot_sizes: [{from: 2027-01-01, name: NIFTY, units: 0, source: x}]",
            "3: contracts.lot_sizes[0].units: expected a whole number >= 1 and <= 1000000000, "
            "was 0",
        ),
        (
            "contracts:\n  lot_sizes:\n"
            "    - {from: 2027-01-02, name: NIFTY, units: 70, source: x}\n"
            "    - {from: 2027-01-01, name: NIFTY, units: 75, source: x}",
            "5: contracts.lot_sizes[1].from: expected a date after 2027-01-02",
        ),
        (
            "contracts:\n  lot_sizes: [{from: 2027-01-01, name: NIFTY, units: 70}]",
            "3: contracts.lot_sizes[0]: expected the key 'source', which is missing",
        ),
    ],
)
def test_what_is_wrong_is_told_by_file_line_and_path(tmp_path: Path, text: str, said: str) -> None:
    path = local(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_rulebook(local=path)
    assert str(caught.value) == f"{path}:{said}"


# where it is looked for


def test_it_is_found_beside_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text("version: 1\n")
    assert load_config(config).rules.local == ""
    path = local(tmp_path, YEAR_2027)
    found = load_config(config)
    assert found.rules.local == str(path)
    assert load_rules(found).is_known(REPUBLIC_DAY)


def test_it_is_found_in_the_directory_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    config = tmp_path / "run.yaml"
    config.write_text("version: 1\n")
    (tmp_path / "home" / "run_fno_paper").mkdir(parents=True)
    own = local(tmp_path / "home" / "run_fno_paper", YEAR_2027)
    assert load_config(config).rules.local == str(own)
    beside = local(tmp_path, "")
    assert load_config(config).rules.local == str(beside), "the nearer one counts"


def test_a_link_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text("version: 1\n")
    (tmp_path / "rules.local.yaml").symlink_to(tmp_path / "gone.yaml")
    with pytest.raises(ConfigError, match=r"rules\.local\.yaml: cannot be read: No such file"):
        load_rules(load_config(config))


def test_a_named_one_is_looked_for_from_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    path = local(tmp_path / "mine", YEAR_2027)
    config = tmp_path / "run.yaml"
    config.write_text("version: 1\nrules: {local: mine/rules.local.yaml}\n")
    assert load_config(config).rules.local == str(path)
    path.unlink()
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_rules(load_config(config))
