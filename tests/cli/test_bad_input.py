"""Bad input ends with one clear line and the right code, or the run goes on and says what it was.

Nothing that was read before the fault is lost.
"""

from __future__ import annotations

import gzip
import shutil
import sqlite3
import textwrap
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.kit.cli import (
    FUTURE,
    ROOT,
    SAMPLE,
    Result,
    exported,
    finished,
    invoke,
    only_run,
    operations_of,
    runs_of,
    spawn,
    summary_of,
    tick_rows,
    verified,
    write_config,
    write_ticks,
)

SCRIPTED = "    - {{id: s, module: strategies.scripted, class: Scripted, params: {{file: {}}}}}\n"


def run(config: Path, out: Path) -> Result:
    return invoke("--config", config, "--out", out)


# the configuration


def refused(tmp_path: Path, text: str) -> str:
    """The complaint about a configuration, which must come before anything is written."""
    config = tmp_path / "config.yaml"
    config.write_text(textwrap.dedent(text))
    for done in (run(config, tmp_path / "out"), invoke("check", config)):
        assert done.code == 78, done
        assert done.out == ""
        complaint = done.complaint
    assert not (tmp_path / "out").exists()
    return complaint


def test_an_unknown_key_is_named_with_its_line_and_a_suggestion(tmp_path: Path) -> None:
    complaint = refused(tmp_path, "version: 1\nexecution:\n  fill_mod: mid\n")
    assert f"{tmp_path}/config.yaml:3: execution" in complaint
    assert "fill_mod" in complaint
    assert "did you mean" in complaint
    assert "fill_mode" in complaint


@pytest.mark.parametrize(("text", "said"), [
    ("version: 1\nexecution:\n  slippage_bps: much\n", (":3: execution.slippage_bps", "'much'")),
    ("version: 1\nexecution:\n  slippage_bps: .nan\n", (":3: ", "finite", ".nan")),
    ("version: 1\nexecution:\n  time_stop_bars: -1\n", (":3: execution.time_stop_bars", "-1")),
    ("version: 1\nexecution:\n  charges: maybe\n", (":3: execution.charges",)),
    ("version: 2\n", (":1: version",)),
    ("version: 1\nversion: 1\n", (":2:", "version")),
    ("version: 1\nfeed:\n  replay:\n    start: 9:15\n", (":4: feed.replay.start",)),
    ("version: 1\nfeed:\n  synthetic:\n    date: tomorrow\n", (":4: feed.synthetic.date",)),
    ("version: 1\nfeed: [\n", (":",)),
    ("- a list\n", ("",)),
    ("", ("",)),
    ("version: 1\naccount: a b\n", (":2: account",)),
    ("version: 1\nfeed: {kind: replay}\n", ("feed.replay.files",)),
])  # fmt: skip
def test_a_wrong_value_is_named_with_its_line(
    text: str, said: tuple[str, ...], tmp_path: Path
) -> None:
    complaint = refused(tmp_path, text)
    assert all(each in complaint for each in said), complaint


def test_a_configuration_that_is_not_there_or_not_text_is_78(tmp_path: Path) -> None:
    missing = run(tmp_path / "nofile.yaml", tmp_path / "out")
    assert (missing.code, missing.out) == (78, "")
    assert "nofile.yaml: cannot be read: No such file or directory" in missing.complaint
    assert run(tmp_path, tmp_path / "out").complaint.endswith("Is a directory")
    (tmp_path / "binary.yaml").write_bytes(b"\x00\xff\xfe")
    assert run(tmp_path / "binary.yaml", tmp_path / "out").code == 78


def test_a_log_file_that_cannot_be_written_is_78(tmp_path: Path) -> None:
    complaint = refused_run(tmp_path, more=f"log:\n  file: {tmp_path}\n")
    assert f"log.file: {tmp_path}: cannot be written" in complaint


def refused_run(tmp_path: Path, *, strategies: str = "", more: str = "") -> str:
    """The complaint about a configuration with sound ticks."""
    ticks = write_ticks(tmp_path / "ticks.csv", tick_rows(10))
    config = write_config(tmp_path / "config.yaml", ticks, strategies=strategies, more=more)
    done = run(config, tmp_path / "out")
    assert (done.code, done.out) == (78, "")
    assert not (tmp_path / "out").exists()
    return done.complaint


@pytest.mark.parametrize(("item", "said"), [
    ("module: strategies.ema_trend, class: EmaTrend, symbols: [NIFTY26NOVFUTT]",
     ("'NIFTY26NOVFUTT' is not in the universe", "did you mean NIFTY26NOVFUT?")),
    ("module: strategies.ema_trnd, class: EmaTrend",
     ("no module named 'strategies.ema_trnd'", "did you mean strategies.ema_trend?")),
    ("module: strategies.ema_trend, class: EmaTrnd",
     ("'EmaTrnd' is not in strategies.ema_trend", "did you mean EmaTrend?")),
    ("module: strategies.ema_trend, class: EmaTrend, params: {fsat: 3}",
     ("params.fsat: unknown", "did you mean fast?")),
    ("module: strategies.ema_trend, class: EmaTrend, params: {fast: many}",
     ("params.fast", "'many'")),
])  # fmt: skip
def test_a_wrong_strategy_is_named_with_near_matches(
    item: str, said: tuple[str, ...], tmp_path: Path
) -> None:
    complaint = refused_run(tmp_path, strategies=f"    - {{id: mine, {item}}}\n")
    assert "mine" in complaint
    assert all(each in complaint for each in said), complaint


@pytest.mark.parametrize(("line", "said"), [
    ('{"ts": "2026-11-18T09:16:00"', ""),
    ('{"ts": "9:16", "symbol": "X", "signal": "EXIT"}', "'9:16'"),
    ('{"ts": "2026-11-18T09:16:00", "symbol": "X", "signal": "BUY"}', "qty"),
    ('{"ts": "2026-11-18T09:16:00", "symbol": "X", "signal": "UP", "qty": 1}', "UP"),
    ('{"ts": "2026-11-18T09:16:00", "symbol": "X", "signal": "BUY", "quantity": 1}', "quantity"),
])  # fmt: skip
def test_a_bad_line_of_a_script_is_named_by_file_and_line(
    line: str, said: str, tmp_path: Path
) -> None:
    good = f'{{"ts": "2026-11-18T09:16:00", "symbol": "{FUTURE}", "signal": "EXIT"}}'
    script = tmp_path / "script.jsonl"
    script.write_text(f"{good}\n{line}\n")
    complaint = refused_run(tmp_path, strategies=SCRIPTED.format(script))
    assert f"{script}:2: " in complaint
    assert said in complaint


def test_a_script_that_is_not_there_is_78(tmp_path: Path) -> None:
    complaint = refused_run(tmp_path, strategies=SCRIPTED.format(tmp_path / "nofile.jsonl"))
    assert "nofile.jsonl: cannot be read: No such file or directory" in complaint


# the recordings


def lost(tmp_path: Path, ticks: Path) -> Result:
    """A run whose recording breaks off or cannot be begun: 69 and one line."""
    done = run(write_config(tmp_path / "config.yaml", ticks), tmp_path / "out")
    assert done.code == 69, done
    assert ticks.name in done.complaint
    return done


def test_a_missing_recording_is_69_and_leaves_nothing(tmp_path: Path) -> None:
    done = lost(tmp_path, tmp_path / "nofile.csv")
    assert "no such file" in done.complaint
    assert runs_of(tmp_path / "out") == []


def test_a_data_directory_that_is_not_set_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FNO_DATA", raising=False)
    config = "configs/examples/kite-nifty-2025-10-08.yaml"
    done = invoke("--config", config, "--out", tmp_path)
    assert done.code == 69
    assert "set FNO_DATA" in done.complaint
    elsewhere = invoke("--config", config, "--out", tmp_path, "--data", tmp_path / "data")
    assert elsewhere.code == 69
    assert f"{tmp_path}/data/kite-ltp-nifty-2025-10-08" in elsewhere.complaint


@pytest.mark.parametrize("damage", ["footer", "empty", "text"])
def test_a_parquet_file_that_cannot_be_opened_is_69(damage: str, tmp_path: Path) -> None:
    ticks = tmp_path / "damaged.parquet"
    whole = (ROOT / "configs/sample_session.parquet").read_bytes()
    ticks.write_bytes({"footer": whole[:-1000], "empty": b"", "text": b"ts,ltp\n" * 99}[damage])
    lost(tmp_path, ticks)
    assert runs_of(tmp_path / "out") == []


def test_a_parquet_file_damaged_in_the_middle_keeps_what_was_before(tmp_path: Path) -> None:
    ticks = tmp_path / "damaged.parquet"
    rows = [each.split(",") for each in tick_rows(5_000)]
    columns = {
        "ts": [row[0] for row in rows],
        "symbol": [row[1] for row in rows],
        "ltp": [float(row[2]) + at % 1_000 for at, row in enumerate(rows)],
    }
    pq.write_table(
        pa.table(columns),
        ticks,
        row_group_size=1_000,
        use_dictionary=False,
        write_page_checksum=True,
    )
    fourth = pq.ParquetFile(ticks).metadata.row_group(3).column(2)
    at = fourth.data_page_offset + fourth.total_compressed_size // 2
    data = bytearray(ticks.read_bytes())
    data[at] ^= 0xFF
    ticks.write_bytes(data)
    config = write_config(tmp_path / "config.yaml", ticks)
    config.write_text(config.read_text().replace("replay:\n", "replay:\n    block_rows: 1000\n", 1))
    done = run(config, tmp_path / "out")
    assert done.code == 69
    assert "row 3001: the file is damaged from here on" in done.complaint
    kept = only_run(tmp_path / "out")
    assert verified(kept) == 0
    assert summary_of(kept)["ticks"] == 3_000
    assert operations_of(kept)[-1].detail["reason"] == "feed_lost"


def test_a_cut_recording_keeps_what_was_read_before(tmp_path: Path) -> None:
    whole = write_ticks(tmp_path / "ticks.csv", tick_rows(20_000)).read_bytes()
    ticks = tmp_path / "ticks.csv.gz"
    ticks.write_bytes(gzip.compress(whole, mtime=0)[:-3000])
    done = lost(tmp_path, ticks)
    assert "row" in done.complaint
    kept = only_run(tmp_path / "out")
    verified(kept)
    last = operations_of(kept)[-1]
    assert (last.kind, last.detail["reason"]) == ("stop", "feed_lost")
    assert ticks.name in str(last.detail["error"])
    ticks_kept = summary_of(kept)["ticks"]
    assert 1_000 < ticks_kept < 20_000
    assert f"row {ticks_kept + 1}" in done.complaint
    assert "The feed was lost, the run is not complete" in done.out
    assert invoke("report", "--out", tmp_path / "out").code == 0


def test_a_row_without_a_time_ends_the_run_at_that_row(tmp_path: Path) -> None:
    rows = [*tick_rows(50), f"never,{FUTURE},1,1,1", *tick_rows(50, start=50)]
    done = lost(tmp_path, write_ticks(tmp_path / "ticks.csv", rows))
    assert "row 51" in done.complaint
    assert "'never'" in done.complaint
    assert summary_of(only_run(tmp_path / "out"))["ticks"] == 50


def test_a_run_that_is_lost_at_its_first_row_says_nothing_of_its_span(tmp_path: Path) -> None:
    ticks = write_ticks(tmp_path / "t.csv", [f"18-11-2026 09:20:00,{FUTURE},25000,,"])
    done = lost(tmp_path, ticks)
    assert "The feed was lost" in done.out
    assert "--from" not in done.out


@pytest.mark.parametrize("separator", [";", "|", "\t"])
def test_a_text_file_with_another_separator_is_told_so(tmp_path: Path, separator: str) -> None:
    ticks = tmp_path / "t.csv"
    ticks.write_text(separator.join(("ts", "symbol", "ltp")) + "\n")
    done = lost(tmp_path, ticks)
    assert f"write it with commas, it seems to be separated by {separator!r}" in done.err


def test_a_price_with_thousands_separators_is_told_how_to_be_written(tmp_path: Path) -> None:
    ticks = write_ticks(tmp_path / "t.csv", [f'2026-11-18T09:20:00,{FUTURE},"25,000.00",,'])
    done = run(write_config(tmp_path / "c.yaml", ticks), tmp_path / "out")
    assert "no thousands separators, no currency sign" in done.out


def test_a_row_of_another_width_ends_the_run_at_that_row(tmp_path: Path) -> None:
    rows = [*tick_rows(50), "one,two", *tick_rows(50, start=50)]
    done = lost(tmp_path, write_ticks(tmp_path / "ticks.csv", rows))
    assert "row 51" in done.complaint
    assert summary_of(only_run(tmp_path / "out"))["ticks"] == 50


@pytest.mark.parametrize("price", ["nan", "inf", "-5", "0", "", "much"])
def test_a_row_without_a_price_is_counted_and_dropped(price: str, tmp_path: Path) -> None:
    bad = f"2026-11-18T09:15:50,{FUTURE},{price},1,1"
    ticks = write_ticks(tmp_path / "t.csv", [*tick_rows(50), bad, *tick_rows(50, start=51)])
    done = run(write_config(tmp_path / "config.yaml", ticks), tmp_path / "out")
    assert done.code == 0
    assert sum(summary_of(only_run(tmp_path / "out"))["refused_ticks"].values()) == 1


def test_a_mapped_column_that_is_not_in_the_file_is_named(tmp_path: Path) -> None:
    ticks = tmp_path / "ticks.csv"
    ticks.write_text(f"ts,symbol,price\n2026-11-18T09:15:00,{FUTURE},25000\n")
    config = write_config(tmp_path / "config.yaml", ticks)
    done = run(config, tmp_path / "out")
    assert done.code == 69
    assert "ltp" in done.complaint
    assert "price" in done.complaint
    text = config.read_text().replace(f"{ticks}\n", f"{ticks}\n        columns: {{ltp: prise}}\n")
    config.write_text(text)
    done = run(config, tmp_path / "out")
    assert done.code == 69
    assert "prise" in done.complaint
    assert runs_of(tmp_path / "out") == []


# intents and strategies


def test_refused_intents_are_in_the_journal_and_explained(tmp_path: Path) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text(
        '{"ts": "2026-11-18T09:16:00", "symbol": "NOPE", "signal": "BUY", "qty": 65}\n'
        f'{{"ts": "2026-11-18T09:16:10", "symbol": "{FUTURE}", "signal": "BUY", "qty": 66}}\n'
        f'{{"ts": "2026-11-18T09:16:20", "symbol": "{FUTURE}", "signal": "BUY", "qty": 65}}\n'
    )
    ticks = write_ticks(tmp_path / "ticks.csv", tick_rows(200))
    config = write_config(tmp_path / "c.yaml", ticks, strategies=SCRIPTED.format(script))
    done = run(config, tmp_path / "out")
    assert done.code == 0
    assert summary_of(only_run(tmp_path / "out"))["refusals"] == {
        "lot_size": 1,
        "unknown_symbol": 1,
    }
    assert "ORDERS REFUSED" in done.out
    for number, said in ((1, "not in the universe"), (2, "lot"), (3, "ACTIVE")):
        order = f"V3-20261118-{number:06d}"
        told = invoke("journal", "explain", order, "--out", tmp_path / "out")
        assert told.code == 0
        assert said in told.out


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory on the path with a strategy that raises on each candle from the third on."""
    (tmp_path / "broken_one.py").write_text(
        "class Broken:\n"
        "    def __init__(self) -> None:\n        self.candles = 0\n"
        "    def on_candle(self, candle, view):\n"
        "        self.candles += 1\n"
        "        if self.candles > 2:\n            raise KeyError('no such level')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_a_strategy_that_raises_is_journaled_and_disabled_and_the_run_goes_on(
    broken: Path,
) -> None:
    ticks = write_ticks(broken / "ticks.csv", tick_rows(1200))
    mine = "    - {id: mine, module: broken_one, class: Broken}\n"
    done = run(write_config(broken / "c.yaml", ticks, strategies=mine), broken / "out")
    assert done.code == 0
    kept = only_run(broken / "out")
    faults = [each.detail for each in operations_of(kept) if each.kind == "strategy_fault"]
    assert faults == [{"strategy_id": "mine", "error": "KeyError: 'no such level'"}] * 3
    assert summary_of(kept)["ticks"] == 1200
    assert "Strategy mine failed 3 times, first at 2026-11-18 09:18:00, last at " in done.out
    assert "; it was disabled at 2026-11-18 09:20:00 and not called any more." in done.out
    assert done.err.count("broken_one.py") == 3  # a traceback each, for who wrote it
    assert (
        "strategy mine raised KeyError: 'no such level'; its intents of this call are lost at=2"
        in done.err
    )


# journals


def a_run(out: Path) -> Path:
    done = invoke("--config", SAMPLE, "--out", out, "--to", "2026-11-18T09:45:00")
    assert done.code == 0
    return only_run(out)


READERS = (("journal", "show"), ("journal", "export"), ("journal", "verify"), ("report",))


def test_a_journal_of_another_version_is_65_and_left_alone(tmp_path: Path) -> None:
    kept = a_run(tmp_path)
    with sqlite3.connect(kept / "journal.db") as database:
        database.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    database.close()
    before = (kept / "journal.db").read_bytes()
    for command in READERS:
        done = invoke(*command, "--out", tmp_path)
        assert done.code == 65
        assert "its schema_version/event_version is 99/2, this program reads" in done.complaint
    assert (kept / "journal.db").read_bytes() == before


def test_a_journal_with_a_flipped_byte_is_65(tmp_path: Path) -> None:
    kept = a_run(tmp_path)
    data = bytearray((kept / "journal.db").read_bytes())
    at = data.index(b'"order_id":"V3-20261118-000001"') + 20
    data[at] ^= 1
    (kept / "journal.db").write_bytes(data)
    done = invoke("journal", "verify", "--out", tmp_path)
    assert done.code == 65
    assert "journal.db" in done.complaint
    assert (kept / "journal.db").read_bytes() == bytes(data)


def test_a_journal_that_is_no_database_is_65(tmp_path: Path) -> None:
    kept = a_run(tmp_path)
    for each in kept.glob("journal.db-*"):
        each.unlink()
    (kept / "journal.db").write_bytes(b"not a database " * 1000)
    for command in READERS:
        done = invoke(*command, "--out", tmp_path)
        assert done.code == 65
        assert "journal.db" in done.complaint


def test_kept_files_of_a_run_that_were_damaged_are_65(tmp_path: Path) -> None:
    kept = a_run(tmp_path)
    for name in ("summary.json", "series.json", "config.json"):
        sound = (kept / name).read_bytes()
        (kept / name).write_bytes(sound[: len(sound) // 2])
        done = invoke("report", "--out", tmp_path)
        assert done.code == 65
        assert name in done.complaint
        (kept / name).write_bytes(sound)


# the disk


def test_an_output_directory_that_cannot_be_made_is_74(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run(Path(SAMPLE), tmp_path / "file")
    assert done.code == 74
    assert f"{tmp_path}/file/runs: cannot make a directory for the run" in done.complaint
    assert done.complaint.endswith("choose another with --out")


def test_a_metrics_file_that_cannot_be_written_does_not_end_the_run(tmp_path: Path) -> None:
    (tmp_path / "analytics").write_text("in the way")
    done = invoke("--config", SAMPLE, "--out", tmp_path, "--to", "2026-11-18T09:45:00")
    assert done.code == 0
    assert done.err.count("metrics file not written") == 1


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))
from daemon.main import main
main()
"""


def in_small_blocks(tmp_path: Path) -> Path:
    """The sample in blocks of a few minutes, so that the journal is written many times."""
    config = tmp_path / "config.yaml"
    sample = (ROOT / SAMPLE).read_text().replace("path: ", f"path: {ROOT}/configs/")
    config.write_text(sample.replace("    speed: max\n", "    speed: max\n    block_rows: 500\n"))
    return config


def test_a_full_disk_halts_with_74_and_what_was_committed_verifies(tmp_path: Path) -> None:
    # Files may not grow above a limit: the journal's next write fails as on a full disk.
    assert invoke("--config", SAMPLE, "--out", tmp_path / "sample").code == 0
    sample = exported(only_run(tmp_path / "sample"))
    arguments = ("--config", in_small_blocks(tmp_path), "--out", tmp_path / "out")
    done = finished(spawn(*arguments, code=LIMITED.format(60_000)))
    assert done.code == 74, done
    assert "journal" in done.complaint
    assert done.out == ""
    kept = only_run(tmp_path / "out")
    assert verified(kept) > 0
    assert sample.startswith(exported(kept))


def test_a_full_file_system_halts_with_74_and_what_was_committed_verifies(
    small_disk: Path, tmp_path: Path
) -> None:
    out = small_disk / "out"
    done = finished(spawn("--config", in_small_blocks(tmp_path), "--out", out))
    assert done.code == 74, done
    assert "journal" in done.complaint
    kept = only_run(out)
    shutil.copytree(kept, tmp_path / "kept")
    assert verified(tmp_path / "kept") > 0
