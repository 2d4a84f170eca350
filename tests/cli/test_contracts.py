"""What a trader sees of contracts: wrong instruments files, and a live configuration replayed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.cli import ROOT, Result, invoke, only_run, summary_of

COLUMNS = (
    "instrument_token,tradingsymbol,name,expiry,strike,tick_size,lot_size,instrument_type,segment,"
    "exchange"
)
ROW = "11237378,NIFTY2460623000CE,NIFTY,{expiry},{strike},0.05,25,CE,NFO-OPT,NFO"
TICKS = """ts,symbol,ltp,bid,ask
2024-06-06 09:20:00,NIFTY2460623000CE,100,99,101
2024-06-06 09:20:02,NIFTY2460623000CE,100,99,101
2024-06-06 09:20:04,NIFTY2460623000CE,100,99,101
"""
INTENT = (
    '{"ts": "2024-06-06T09:20:01", "symbol": "NIFTY2460623000CE", "signal": "BUY", "qty": 25}\n'
)
CONFIG = """version: 1
feed:
  kind: replay
  replay:
    files: [{{path: {place}/ticks.csv}}]
    settlements: [{{underlying: NIFTY, date: "2024-06-06", close: 23040}}]
universe:
  instruments_file: {place}/dump.csv
  instruments: [{{tradingsymbol: NIFTY2460623000CE}}]
execution: {{fill_mode: bid_ask, slippage_bps: 0, stale_after_s: 1000, quote_max_age_s: 1000}}
strategies:
  list:
    - {{id: s, module: strategies.scripted, class: Scripted, product: NRML,
       params: {{file: {place}/intents.jsonl}}}}
"""


def run(place: Path, *, expiry: str = "2024-06-06", strike: str = "23000") -> Result:
    row = ROW.format(expiry=expiry, strike=strike)
    (place / "dump.csv").write_text(f"{COLUMNS}\n{row}\n")
    (place / "ticks.csv").write_text(TICKS)
    (place / "intents.jsonl").write_text(INTENT)
    (place / "config.yaml").write_text(CONFIG.format(place=place))
    return invoke("--config", place / "config.yaml", "--out", place / "out")


@pytest.mark.parametrize(
    ("expiry", "strike"),
    [
        ("2024-06-06", "23000"),
        ("2024-06-06 00:00:00", "23000"),
        ("2024-06-06T00:00:00", "23000"),
        ("", "23000"),
        ("2024-06-06", ""),
        ("2024-06-06", "0"),
        ("0", "0"),
    ],
)
def test_a_call_settles_at_what_its_symbol_says_however_the_row_says_it(
    expiry: str, strike: str, tmp_path: Path
) -> None:
    done = run(tmp_path, expiry=expiry, strike=strike)
    assert done.code == 0, done.err
    summary = summary_of(only_run(tmp_path / "out"))
    assert summary["gross_pnl"] == (23_040 - 23_000 - 101) * 25 == -1525
    assert summary["open_positions"] == []


@pytest.mark.parametrize("expiry", ["06-06-2024", "25-04-2024", "06/06/2024"])
def test_a_date_that_is_not_understood_ends_with_78_and_one_line(
    expiry: str, tmp_path: Path
) -> None:
    done = run(tmp_path, expiry=expiry)
    assert done.code == 78
    assert done.complaint == (
        f"universe.instruments_file: {tmp_path}/dump.csv: line 2: NIFTY2460623000CE: expiry: "
        f"expected a date as YYYY-MM-DD, was '{expiry}'; write it so, or leave it empty where the "
        "symbol says it"
    )


def test_a_strike_in_paise_ends_with_78(tmp_path: Path) -> None:
    done = run(tmp_path, strike="2300000")
    assert done.code == 78
    assert "strike: was 2300000 (is it in paise?), but the symbol" in done.complaint


def test_the_live_configuration_trades_the_sample_recording(tmp_path: Path) -> None:
    done = invoke(
        "--config", "configs/live.yaml", "--replay", "configs/sample_session.parquet",
        "--out", tmp_path,
    )  # fmt: skip
    assert done.code == 0, done.err
    summary = summary_of(only_run(tmp_path))
    assert {each["name"] for each in summary["by_symbol"]} == {"NIFTY26NOVFUT"}
    assert summary["total_orders"] > 0
    assert "NIFTY:FUT:current is NIFTY26NOVFUT" in summary["notes"][0]
    text = (ROOT / "docs/LIVE.md").read_text()
    assert "--config configs/live.yaml --replay configs/sample_session.parquet" in text


def test_a_live_configuration_on_a_recording_of_bare_tokens_ends_with_78(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("ts,token,ltp\n2026-11-18 09:15:00,13238786,100\n")
    done = invoke("--config", "configs/live.yaml", "--replay", tmp_path / "a.csv")
    assert done.code == 78
    assert "the recording names no contract with an expiry" in done.complaint
