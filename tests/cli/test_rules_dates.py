"""Dates and exchanges that the tables do not reach, through the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from daemon.domain.dates import parse_ts
from daemon.errors import ExitCode
from tests.kit.cli import invoke, only_run, summary_of
from tests.kit.live import Hand, free_port, market, write_live_config

YEAR_2027 = """version: 1
calendar:
  years:
    - from: 2027-01-01
      to: 2027-12-31
      source: a circular of the exchange
      holidays:
        - {date: 2027-01-26, name: Republic Day}
"""


def recording(folder: Path, symbol: str, date: str, more: str = "", **row: Any) -> Path:
    """A configuration of four ticks of one contract, and a script that buys it."""
    row = {"tick_size": 0.05, "lot_size": 20, **row}
    rows = "".join(f"{date}T09:2{each}:00,{symbol},200,199.95,200.05\n" for each in range(4))
    (folder / "t.csv").write_text("ts,symbol,ltp,bid,ask\n" + rows)
    (folder / "s.jsonl").write_text(
        f'{{"ts": "{date}T09:20:30", "symbol": "{symbol}", "signal": "BUY", "qty": 20000, '
        '"product": "NRML", "time_stop_bars": 0}\n'
    )
    listed = ", ".join(f"{name}: {value}" for name, value in row.items())
    path = folder / "run.yaml"
    path.write_text(
        f"version: 1\nout: {folder / 'out'}\n"
        f"feed: {{kind: replay, replay: {{files: [{{path: {folder / 't.csv'}}}]}}}}\n"
        f"universe: {{instruments: [{{tradingsymbol: {symbol}, {listed}}}]}}\n"
        "execution: {fill_mode: ltp, slippage_bps: 0, stale_after_s: 1000, "
        "quote_max_age_s: 1000}\n"
        "strategies:\n  list:\n    - {id: s, module: strategies.scripted, class: Scripted, "
        f"params: {{file: {folder / 's.jsonl'}}}}}\n{more}"
    )
    return path


def nifty(folder: Path, date: str) -> Path:
    symbol = "NIFTY27JANFUT"
    return recording(folder, symbol, date, lot_size=65, expiry="2027-01-28", name="NIFTY")


def test_republic_day_2027_does_not_trade_silently(tmp_path: Path) -> None:
    config = nifty(tmp_path, "2027-01-26")
    said = "Outside the calendar: 2027-01-26; known are 2022-01-01 to 2026-12-31."
    assert f"warning: {said}" in invoke("check", config).out
    done = invoke("--config", config)
    assert done.code == 0
    assert said in done.out
    assert said in done.err, "the log says so at the first tick"
    assert any(each.startswith(said) for each in summary_of(only_run(tmp_path / "out"))["notes"])


def test_rules_local_yaml_makes_republic_day_2027_a_holiday(tmp_path: Path) -> None:
    config = nifty(tmp_path, "2027-01-26")
    (tmp_path / "rules.local.yaml").write_text(YEAR_2027)
    checked = invoke("check", config).out
    assert "outside the calendar" not in checked
    assert "no row is inside its session" in checked
    done = invoke("--config", config)
    assert (done.code, done.err.count("WARNING")) == (0, 0)
    kept = summary_of(only_run(tmp_path / "out"))
    assert not [note for note in kept["notes"] if "calendar" in note]
    assert (kept["refusals"], kept["contract_notes"]) == ({"market_closed": 1}, [])


def test_a_rules_local_yaml_that_is_wrong_is_told_in_one_line(tmp_path: Path) -> None:
    config = nifty(tmp_path, "2027-01-26")
    (tmp_path / "rules.local.yaml").write_text("version: 1\ncalender: {}\n")
    for command in (["check", config], ["--config", config], ["rules", config]):
        done = invoke(*command)
        assert done.code == ExitCode.BAD_CONFIG
        said = f"{tmp_path / 'rules.local.yaml'}:2: calender: unknown key; did you mean"
        assert done.complaint.startswith(said)


def sensex(folder: Path, date: str, more: str = "") -> Path:
    return recording(
        folder, "SENSEX2682078000CE", date, more, exchange="BFO", segment="BFO-OPT", name="SENSEX",
        instrument_type="CE", strike=78000, expiry="2026-08-20",
    )  # fmt: skip


def test_a_sensex_option_pays_what_bse_charges(tmp_path: Path) -> None:
    assert invoke("--config", sensex(tmp_path, "2026-08-12")).code == 0
    [note] = summary_of(only_run(tmp_path / "out"))["contract_notes"]
    assert (note["date"], note["exchange"]) == ("2026-08-12", 1300.0)


def test_bse_before_october_2024_ends_with_78_at_the_first_fill(tmp_path: Path) -> None:
    done = invoke("--config", sensex(tmp_path, "2024-09-02"))
    assert done.code == ExitCode.BAD_CONFIG
    assert done.complaint.startswith(
        "SENSEX2682078000CE: the charges of BFO for SENSEX options on 2024-09-02 are not in the "
        "dated tables, they begin on 2024-10-01"
    )
    free = invoke("--config", sensex(tmp_path, "2024-09-02"), "--out", tmp_path / "free")
    assert free.code == ExitCode.BAD_CONFIG
    path = sensex(tmp_path, "2024-09-02")
    path.write_text(path.read_text().replace("{fill_mode", "{charges: false, fill_mode"))
    assert invoke("--config", path).code == 0


def test_an_exchange_without_tables_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    config = recording(
        tmp_path, "CRUDEOIL26DECFUT", "2026-11-18", exchange="MCX", segment="MCX-FUT",
        name="CRUDEOIL", expiry="2026-12-17",
    )  # fmt: skip
    for command in (["check", config], ["--config", config]):
        done = invoke(*command)
        assert done.code == ExitCode.BAD_CONFIG
        assert done.complaint.startswith("CRUDEOIL26DECFUT: the rules of exchange 'MCX' are not in")
    assert not (tmp_path / "out").exists()


# live


def live(folder: Path, when: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A live configuration on a machine whose clock says `when`."""
    hand = Hand(parse_ts(when))
    monkeypatch.setattr("daemon.runtime.live.MACHINE_CLOCKS", hand)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "home"))
    return write_live_config(folder, market(50), [], port=free_port(), clock="wall")


@pytest.mark.parametrize("date", ["2027-01-26", "2027-01-02", "2021-12-31"])
def test_live_refuses_to_open_on_a_day_outside_the_calendar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, date: str
) -> None:
    done = invoke("--config", live(tmp_path, f"{date}T10:00:00", monkeypatch))
    assert done.code == ExitCode.BAD_CONFIG
    assert done.complaint == (
        f"{date} is outside the calendar, which is from 2022-01-01 to 2026-12-31: its holidays are "
        "not known; add the year to rules.local.yaml next to the configuration, then start again "
        "(RUNBOOK, The calendar ends)"
    )
    assert not (tmp_path / "accounts").exists()


def test_live_takes_the_day_from_rules_local_yaml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = live(tmp_path, "2027-01-26T10:00:00", monkeypatch)
    (tmp_path / "rules.local.yaml").write_text(YEAR_2027)
    done = invoke("--config", config)
    assert done.code == 0
    assert done.complaint == (
        "the market is closed for 2027-01-26; the next session is on 2027-01-27: nothing to do"
    )


def test_no_session_is_promised_beyond_the_calendar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = invoke("--config", live(tmp_path, "2026-12-31T18:00:00", monkeypatch))
    assert (done.code, done.complaint) == (
        0,
        "the market is closed for 2026-12-31; the calendar ends before the next session: nothing "
        "to do",
    )


def test_check_warns_a_live_configuration_by_today(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = live(tmp_path, "2026-12-20T10:00:00", monkeypatch)
    monkeypatch.setattr("daemon.cli.check.MACHINE_CLOCKS", Hand(parse_ts("2026-12-20T10:00:00")))
    assert "warning: The calendar ends on 2026-12-31" in invoke("check", config).out


# the command


def test_rules_shows_how_far_each_table_reaches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("daemon.cli.rules.MACHINE_CLOCKS", Hand(parse_ts("2026-11-18T10:00:00")))
    lines = invoke("rules").out.splitlines()
    assert lines[1] == "yours: no rules.local.yaml"
    rows = {" ".join(each.split()[:-6]): each.split() for each in lines[3:]}
    assert rows["calendar.years"][1:] == ["2022-01-01", "2026-12-31", "2026-01-01", "5", "0", "0"]
    own = tmp_path / "home" / "run_fno_paper"
    own.mkdir(parents=True)
    (own / "rules.local.yaml").write_text(YEAR_2027)
    lines = invoke("rules").out.splitlines()
    assert lines[1] == f"yours: {own / 'rules.local.yaml'}"
    assert lines[3].split()[2:] == ["2027-12-31", "2027-01-01", "6", "0", "1"]


def test_rules_warns_when_the_calendar_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("daemon.cli.rules.MACHINE_CLOCKS", Hand(parse_ts("2026-12-30T10:00:00")))
    assert invoke("rules").out.splitlines()[-1].startswith("warning: The calendar ends on")
