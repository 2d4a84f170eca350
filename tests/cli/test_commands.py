"""Every command and flag, in this process; a few as processes of their own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

from daemon import VERSION
from daemon.domain.dates import parse_ts
from tests.kit.cli import (
    FUTURE,
    ROOT,
    SAMPLE,
    Result,
    exported,
    finished,
    invoke,
    metrics_of,
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
from tests.kit.live import Hand


class Ran:
    """The sample session, run once for all tests that only read it."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.result: Result = invoke("--config", SAMPLE, "--out", out)
        self.run = only_run(out)
        self.events = [json.loads(line) for line in exported(self.run).splitlines()]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return Ran(tmp_path_factory.mktemp("sample"))


def test_a_run_prints_its_tables_and_leaves_its_files(sample: Ran) -> None:
    assert sample.result.code == 0
    for heading in ("RUN replay-", "TRADES", "DATA", "TOTALS", "HOW FAR TO TRUST THIS", "WRITTEN"):
        assert heading in sample.result.out
    kept = {each.name for each in sample.run.iterdir()}
    assert {"journal.db", "head", "config.json", "summary.json", "series.json"} <= kept
    assert verified(sample.run) == len(sample.events) > 0
    written = sample.result.out.split("WRITTEN\n")[1].split()
    assert all(Path(each).is_file() for each in written)


def test_only_log_lines_go_to_stderr(sample: Ran) -> None:
    first, *facts, last = sample.result.err.splitlines()
    assert first.split()[2:5] == ["INFO", "run", "started"]
    assert last.split()[2:5] == ["INFO", "run", "ended"]
    assert all(" INFO " in line and " at=2026-11-18T" in line for line in facts)


def test_a_replay_logs_every_fill_with_the_net_that_the_summary_has(sample: Ran) -> None:
    exits = [line for line in sample.result.err.splitlines() if ", net " in line]
    kept = json.loads((sample.run / "summary.json").read_bytes())["exits"]
    told = [float(re.findall(r", net (\S+),", line)[0].replace(",", "")) for line in exits]
    assert told == [row["net_pnl"] for row in kept]
    for line, row in zip(exits, kept, strict=True):
        assert row["order_id"] in line
        assert row["tradingsymbol"] in line
        assert f"strategy {row['strategy_id']}" in line


def test_the_last_metrics_are_those_of_the_whole_journal(sample: Ran) -> None:
    shown = metrics_of(sample.out)
    assert shown["seq"] == len(sample.events)
    assert shown["feed_state"] == "closed"
    assert shown["journal_lag"] == 0
    assert shown["net_pnl"] == summary_of(sample.run)["net_pnl"]
    assert shown["ticks"] == summary_of(sample.run)["ticks"]


def test_the_journal_begins_with_start_and_ends_with_stop(sample: Ran) -> None:
    operations = operations_of(sample.run)
    assert operations[0].kind == "start"
    assert operations[-1].kind == "stop"
    assert operations[-1].detail["reason"] == "end_of_feed"
    assert operations[-1].detail["seq"] == len(sample.events)


def test_the_same_replay_twice_is_two_runs_of_the_same_bytes(sample: Ran, tmp_path: Path) -> None:
    for _ in range(2):
        assert invoke("--config", SAMPLE, "--out", tmp_path).code == 0
    first, second = runs_of(tmp_path)
    assert first.name.removesuffix("-001") == second.name.removesuffix("-002")
    assert exported(first) == exported(second) == exported(sample.run)


def test_speed_and_out_do_not_change_what_is_decided(sample: Ran, tmp_path: Path) -> None:
    assert invoke("--config", SAMPLE, "--out", tmp_path, "--speed", "1000000").code == 0
    assert exported(only_run(tmp_path)) == exported(sample.run)


def test_from_and_to_cut_the_recording(sample: Ran, tmp_path: Path) -> None:
    span = ("--from", "2026-11-18T09:30:00", "--to", "2026-11-18T10:30:00")
    assert invoke("--config", SAMPLE, "--out", tmp_path, *span).code == 0
    ticks = summary_of(only_run(tmp_path))["ticks"]
    assert 0 < ticks < summary_of(sample.run)["ticks"]
    assert "2026-11-18 10:3" not in invoke("journal", "show", "--out", tmp_path).out


def test_a_cut_that_leaves_nothing_says_so(tmp_path: Path) -> None:
    done = invoke("--config", SAMPLE, "--out", tmp_path, "--from", "2027-01-01")
    assert done.code == 0
    assert "No tick was replayed" in done.out


def test_from_and_to_of_a_feed_that_is_no_recording_are_refused(tmp_path: Path) -> None:
    arguments = ("--config", "configs/dev.yaml", "--out", tmp_path, "--from", "2026-11-18")
    done = invoke(*arguments)
    assert done.code == 64
    assert done.complaint == "--from and --to cut a recording; the feed is synthetic"
    assert runs_of(tmp_path) == []


def test_account_is_the_name_in_the_journal_and_the_summary(tmp_path: Path) -> None:
    span = ("--to", "2026-11-18T09:20:00")
    done = invoke("--config", SAMPLE, "--out", tmp_path, "--account", "other", *span)
    assert done.code == 0
    assert summary_of(only_run(tmp_path))["account"] == "other"
    assert json.loads((only_run(tmp_path) / "config.json").read_bytes())["account"] == "other"


def test_replay_takes_several_files_and_merges_them(tmp_path: Path) -> None:
    early = write_ticks(tmp_path / "a.csv", tick_rows(60))
    late = write_ticks(tmp_path / "b.csv", tick_rows(60, start=60))
    whole = write_ticks(tmp_path / "c.csv", tick_rows(120))
    config = write_config(tmp_path / "config.yaml", whole)
    for out, files in (("one", [whole]), ("two", [late, early])):
        chosen = [text for each in files for text in ("--replay", each)]
        assert invoke("--config", config, "--out", tmp_path / out, *chosen).code == 0
    assert summary_of(only_run(tmp_path / "two"))["ticks"] == 120
    one, two = (json.loads((only_run(tmp_path / each) / "series.json").read_bytes())
                for each in ("one", "two"))  # fmt: skip
    assert one == two


def test_feed_chooses_the_synthetic_market(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("version: 1\nfeed:\n  synthetic: {strikes_each_side: 0}\n")
    done = invoke("--config", config, "--feed", "synthetic", "--out", tmp_path, "--speed", "max")
    assert done.code == 0
    assert summary_of(only_run(tmp_path))["feed"] == "synthetic"


@pytest.mark.parametrize("arguments", [
    ("--config", "configs/live.yaml"), ("--config", SAMPLE, "--feed", "kite"),
])  # fmt: skip
def test_a_live_start_without_a_login_says_so_and_leaves_nothing(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nobody"))
    monkeypatch.setattr("daemon.runtime.live.MACHINE_CLOCKS", Hand(parse_ts("2026-11-18T10:00:00")))
    done = invoke(*arguments, "--out", tmp_path / "out")
    assert done.code == 77
    assert "run_fno_paper login" in done.complaint
    assert not (tmp_path / "out").exists()


def test_version_is_printed(sample: Ran) -> None:
    assert invoke("--version") == Result(0, f"run_fno_paper {VERSION}\n", "")


def test_help_lists_the_commands() -> None:
    done = invoke("--help")
    assert done.code == 0
    for command in ("check", "report", "convert", "journal", "--config", "--replay", "--from"):
        assert command in done.out


@pytest.mark.parametrize(("arguments", "complaint"), [
    ((), "expected --config FILE"),
    (("--bogus",), "No such option: --bogus"),
    (("bogus",), "No such command 'bogus'"),
    (("--config",), "requires an argument"),
    (("check",), "check --help"),
    (("journal", "explain"), "Missing argument"),
    (("journal", "show", "--limit", "0"), "--limit"),
    (("--config", SAMPLE, "journal", "show"), "options before 'journal' are those of a run"),
    (("--out", "elsewhere", "report"), "options before 'report' are those of a run"),
])  # fmt: skip
def test_a_wrong_command_line_is_one_line_and_64(
    arguments: tuple[str, ...], complaint: str
) -> None:
    done = invoke(*arguments)
    assert done.code == 64
    assert complaint in done.complaint
    assert done.out == ""


def test_the_help_of_command_names_each_command_that_a_daemon_takes() -> None:
    shown = " ".join(invoke("command", "--help").out.replace("│", " ").split())
    [known] = re.findall("expected one of (.*), was", invoke("command", "paper", "x").complaint)
    assert [each for each in known.split(", ") if each not in shown] == []


@pytest.mark.parametrize("command", ["follow", "web", "mcp"])
def test_an_account_and_a_configuration_are_refused_by_these_names(command: str) -> None:
    done = invoke(command, "desk", "--config", SAMPLE)
    assert done.code == 64
    assert "account 'desk' and --config: expected one of them" in done.complaint
    assert "web:" not in done.complaint


def test_journal_alone_lists_its_commands() -> None:
    done = invoke("journal")
    assert done.code == 64
    assert "explain" in done.out + done.err
    assert "run_fno_paper: \n" not in done.err


@pytest.mark.parametrize("command", [("journal", "show"), ("journal", "export"),
    ("journal", "verify"), ("journal", "explain", "V3-20261118-000001"), ("report",),
])  # fmt: skip
def test_an_unknown_run_is_64_and_names_what_there_is(
    command: tuple[str, ...], sample: Ran, tmp_path: Path
) -> None:
    run = ["--run", "nope"] if command[0] == "journal" else ["nope"]
    done = invoke(*command, *run, "--out", sample.out)
    assert done.code == 64
    assert f"run 'nope' not found; the newest under {sample.out}: replay-" in done.complaint
    none = invoke(*command, "--out", tmp_path)
    assert none.code == 64
    assert f"no run under {tmp_path} yet" in none.complaint


def test_check_describes_a_good_configuration(tmp_path: Path) -> None:
    done = invoke("check", SAMPLE)
    assert done.code == 0
    verdict, *warnings = done.out.splitlines()
    assert verdict == (
        "configs/sample.yaml: valid. Feed replay with 12 instruments, engine v3, "
        "strategies: ema_trend, opening_range, short_straddle"
    )
    [text] = warnings  # it trades one lot
    assert text.startswith("warning: strategy short_straddle: `partial_exit_pct` of 65 of NIFTY")
    assert invoke("check", "configs/live.yaml").code == 0


def test_check_finds_what_a_run_would_find(tmp_path: Path) -> None:
    config = write_config(tmp_path / "config.yaml", tmp_path / "nofile.csv")
    done = invoke("check", config)
    assert done.code == 69
    assert "nofile.csv: no such file" in done.complaint


def test_journal_show_has_every_order_and_trade_of_the_limit(sample: Ran) -> None:
    orders = [event["order_id"] for event in sample.events if event["event"] == "created"]
    whole = invoke("journal", "show", "--out", sample.out, "--limit", "1000")
    assert whole.code == 0
    assert all(whole.out.count(f"{each}  ") == 2 for each in orders)
    newest = invoke("journal", "show", "--out", sample.out, "--limit", "1").out
    assert orders[-1] in newest
    assert orders[0] not in newest


def test_journal_export_is_the_same_to_the_terminal_and_to_a_file(
    sample: Ran, tmp_path: Path
) -> None:
    shown = invoke("journal", "export", "--run", sample.run)
    assert (shown.code, shown.err) == (0, "")
    to = tmp_path / "events.jsonl"
    done = invoke("journal", "export", "--run", sample.run.name, "--out", sample.out, "--to", to)
    assert (done.code, done.out) == (0, "")
    assert done.err == f"{len(sample.events)} events written to {to}\n"
    assert to.read_bytes() == shown.out.encode() == exported(sample.run)


def test_an_export_that_cannot_be_written_is_64(sample: Ran, tmp_path: Path) -> None:
    done = invoke("journal", "export", "--run", sample.run, "--to", tmp_path / "no" / "file")
    assert done.code == 64
    assert "cannot be written" in done.complaint


def test_journal_verify_counts_what_is_intact(sample: Ran) -> None:
    done = invoke("journal", "verify", "--out", sample.out)
    orders = sum(event["event"] == "created" for event in sample.events)
    assert done.code == 0
    assert f"intact, {len(sample.events)} events and " in done.out
    assert f"{orders} orders, 0 positions open" in done.out


def test_journal_explain_tells_the_life_of_every_order(sample: Ran) -> None:
    for event in sample.events:
        if event["event"] == "created":
            done = invoke("journal", "explain", event["order_id"], "--out", sample.out)
            assert done.code == 0
            assert event["tradingsymbol"] in done.out
            assert "Traceback" not in done.out


def test_an_unknown_order_is_64(sample: Ran) -> None:
    done = invoke("journal", "explain", "V3-20261118-999999", "--out", sample.out)
    assert done.code == 64
    assert "V3-20261118-999999" in done.complaint


def test_report_writes_one_page_that_needs_no_other_file(sample: Ran, tmp_path: Path) -> None:
    done = invoke("report", sample.run.name, "--out", sample.out, "--to", tmp_path / "page.html")
    assert (done.code, done.out) == (0, f"{tmp_path / 'page.html'}\n")
    page = (tmp_path / "page.html").read_text()
    assert FUTURE in page
    assert "default-src 'none'" in page
    markup = re.sub(r"(?s)<script[^>]*>.*?</script>", "", page)  # libraries speak of `src=`
    assert FUTURE in markup
    assert "src=" not in markup
    assert "<link" not in markup


def test_a_report_does_not_make_an_old_run_the_newest(tmp_path: Path) -> None:
    for _ in range(2):
        assert (
            invoke("--config", SAMPLE, "--out", tmp_path, "--to", "2026-11-18T09:16:00").code == 0
        )
    old, new = runs_of(tmp_path)
    assert invoke("report", old.name, "--out", tmp_path).code == 0
    assert invoke("report", "--out", tmp_path).out == f"{new / 'report.html'}\n"


def test_a_converted_recording_replays_to_the_same_bytes(sample: Ran, tmp_path: Path) -> None:
    native = tmp_path / "sample.parquet"
    done = invoke("convert", SAMPLE, native)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{native}: 85,305 rows, 12 instruments, ")
    assert invoke("--config", SAMPLE, "--out", tmp_path, "--replay", native).code == 0
    assert exported(only_run(tmp_path)) == exported(sample.run)


def test_convert_refuses_a_name_that_it_could_not_read_again(tmp_path: Path) -> None:
    done = invoke("convert", SAMPLE, tmp_path / "sample.csv")
    assert done.code == 64
    assert "expected a name that ends in .parquet" in done.complaint
    assert list(tmp_path.iterdir()) == []


def test_convert_of_a_configuration_without_recordings_is_78(tmp_path: Path) -> None:
    done = invoke("convert", "configs/dev.yaml", tmp_path / "file.parquet")
    assert done.code == 78
    assert "feed.replay.files" in done.complaint


def test_a_true_process_does_the_same(sample: Ran, tmp_path: Path) -> None:
    done = finished(spawn("--config", SAMPLE, "--out", tmp_path))
    assert done.code == 0
    assert exported(only_run(tmp_path)) == exported(sample.run)
    assert done.out.replace(str(tmp_path), str(sample.out)) == sample.result.out


def test_a_reader_that_leaves_early_gets_no_traceback(sample: Ran) -> None:
    process = spawn("journal", "export", "--run", sample.run)
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    assert "Traceback" not in finished(process).err


@pytest.mark.parametrize("to", ["no/page.html", "directory"])
def test_a_page_that_cannot_be_written_is_64(to: str, sample: Ran, tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "no").write_text("")
    done = invoke("report", "--out", sample.out, "--to", tmp_path / to)
    assert done.code == 64
    assert "cannot be written" in done.complaint


MISPLACED: Final = (
    "configs/sample_session.parquet is taken from the working directory "
    f"({ROOT}/configs/sample_session.parquet) because it is not next to the configuration "
)


def test_an_input_that_is_only_in_the_working_directory_is_told_everywhere(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(
        "feed: {kind: replay, replay: {files: [{path: configs/sample_session.parquet}],"
        " end: '2026-11-18T09:30:00'}}"
    )
    checked = invoke("check", config)
    assert f"warning: input {MISPLACED}({tmp_path}/configs/sample_session" in checked.out
    done = invoke("--config", config, "--out", tmp_path / "out")
    assert done.code == 0
    assert f"Input {MISPLACED}" in done.out
    assert done.err.count(f"input {MISPLACED}") == 1
    assert MISPLACED in invoke("convert", config, tmp_path / "t.parquet").err
    [note, *_] = summary_of(only_run(tmp_path / "out"))["notes"]
    assert note.startswith(f"Input {MISPLACED}")


def test_a_run_is_run_again_from_its_own_copy_in_another_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = invoke("--config", SAMPLE, "--out", tmp_path / "out")
    assert first.code == 0
    run = only_run(tmp_path / "out")
    kept = json.loads((run / "config.json").read_bytes())
    assert kept["out"] == str(tmp_path / "out")
    assert kept["feed"]["replay"]["files"][0]["path"] == f"{ROOT}/configs/sample_session.parquet"
    assert all(Path(each).is_absolute() for each in summary_of(run)["paths"])
    again = finished(spawn("--config", run / "config.json", cwd=tmp_path))
    assert again.code == 0, again.err
    one, two = runs_of(tmp_path / "out")
    assert two.name == one.name.replace("-001", "-002")
    assert exported(one) == exported(two)


def test_replay_of_a_directory_asks_for_one_of_its_recordings(tmp_path: Path) -> None:
    done = invoke("replay", tmp_path, "--out", tmp_path)
    assert done.code == 64
    assert "is a directory; name one of the recordings in it" in done.complaint
