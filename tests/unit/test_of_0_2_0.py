"""What users of 0.2.0 have goes on working: files that its program made, see tests/data_0_2_0."""

from __future__ import annotations

import gzip
import inspect
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

import daemon.execution.helpers
import strategies.strategy
from daemon.domain.candle import Candle
from daemon.domain.events import OrderMoved, decode_event
from daemon.domain.instrument import Instrument
from daemon.errors import ExitCode
from daemon.journal.recovery import fold
from daemon.journal.store import JournalStore
from daemon.main import app
from daemon.settings.check import fingerprint, render_config
from daemon.settings.file import load_config
from tests.kit.cli import exported, finished, metrics_of, only_run, spawn
from tests.kit.cli import summary_of as summary_in
from tests.kit.live import replays_equal
from tests.kit.of_0_2_0 import DATA, kept, unpack_account

FACES = kept("faces.json")
MEANINGS = kept("meanings.json")
LATER: dict[str, Any] = {"rules.local": "", "charges": {"brokerage": None}}
"""Where a later version keeps what 0.2.0 did not have, beside the keys that it had."""


def holds(now: Any, before: Any, at: str = "") -> Iterator[str]:
    """Where a value of 0.2.0 is not in the present one, which may have more keys."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key, value in before.items():
            if key not in now:
                yield f"{at}.{key}: is gone"
            else:
                yield from holds(now[key], value, f"{at}.{key}")
    elif isinstance(before, list) and isinstance(now, list) and len(now) == len(before):
        for number, (one, other) in enumerate(zip(now, before, strict=True)):
            yield from holds(one, other, f"{at}[{number}]")
    elif now != before and not _is_path(now, before):
        yield f"{at}: was {before!r}, is {now!r}"


def _is_path(now: Any, before: Any) -> bool:
    """An input that was relative is found beside the configuration now, and kept as absolute."""
    return isinstance(now, str) and isinstance(before, str) and bool(before) and (
        os.path.isabs(now) and now.endswith(before.removeprefix("./"))
    )  # fmt: skip


def shapes(value: Any, at: str = "") -> dict[str, set[str]]:
    """The type of every field, of rows together."""
    if isinstance(value, dict):
        found: dict[str, set[str]] = {}
        for key, inner in value.items():
            for name, kinds in shapes(inner, f"{at}.{key}").items():
                found.setdefault(name, set()).update(kinds)
        return found or {at: {"dict"}}
    if isinstance(value, list):
        found = {at: {"list"}}
        for inner in value:
            for name, kinds in shapes(inner, f"{at}[]").items():
                found.setdefault(name, set()).update(kinds)
        return found
    return {at: {"float" if type(value) is int else type(value).__name__}}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the files, as a user's directory."""
    copied = tmp_path_factory.mktemp("user") / "home"
    shutil.copytree(DATA, copied)
    return copied


@pytest.fixture(scope="module")
def ran(place: Path) -> Path:
    """A run of the rich configuration by this version; its output directory."""
    out = place / "out"
    done = finished(spawn("--config", place / "rich.yaml", "--out", out))
    assert done.code == 0, done.err
    return out


@pytest.mark.parametrize("name", MEANINGS)
def test_a_configuration_is_accepted_and_means_the_same(name: str, place: Path) -> None:
    import json

    config = load_config(place / name)
    now, before = json.loads(render_config(config)), MEANINGS[name]["values"]
    assert not list(holds(now, before))
    assert fingerprint(config) == MEANINGS[name]["fingerprint"]


def test_a_run_of_the_rich_configuration_trades_as_in_0_2_0(ran: Path) -> None:
    before = gzip.decompress((DATA / "export.jsonl.gz").read_bytes()).splitlines()
    now = exported(only_run(ran)).splitlines()
    assert [decode_event(line) for line in now] == [decode_event(line) for line in before]
    moves = [event for line in now if isinstance(event := decode_event(line), OrderMoved)]
    assert sum(event.fill is not None for event in moves) > 5


def test_no_strategy_of_0_2_0_fails(ran: Path) -> None:
    told = summary_in(only_run(ran))["strategies"]
    names = {"ema", "script", "plain", "asking"}
    assert set(told) == names
    assert [told[name]["errors"] for name in names] == [0] * 4
    assert told["plain"]["intents"] == 1


def test_every_field_of_a_summary_is_there_with_its_type(ran: Path) -> None:
    _no_field_lost(summary_in(only_run(ran)), kept("summary.json"))


def test_every_field_of_the_metrics_is_there_with_its_type(ran: Path) -> None:
    _no_field_lost(metrics_of(ran), kept("runtime_metrics.json"))


def _no_field_lost(now: Any, before: Any) -> None:
    ours, theirs = shapes(now), shapes(before)
    assert set(theirs) <= set(ours)
    changed = {name for name, kinds in theirs.items() if not kinds <= ours[name] | {"NoneType"}}
    assert not changed


def commands(command: Any, name: str = "run_fno_paper") -> dict[str, set[str]]:
    """The options and arguments of each command, as they are now."""
    options = {text for each in command.params for text in (*each.opts, *each.secondary_opts)}
    found = {name: options}
    for below, one in getattr(command, "commands", {}).items():
        found |= commands(one, f"{name} {below}")
    return found


def test_every_command_and_option_is_there() -> None:
    now = commands(typer.main.get_command(app))
    for name, options in FACES["commands"].items():
        assert set(options) <= now[name], name


def test_every_exit_code_is_the_same() -> None:
    assert FACES["exit_codes"].items() <= {each.name: int(each) for each in ExitCode}.items()


@pytest.mark.parametrize(("face", "kind"), [("view", "View"), ("base_strategy", "BaseStrategy")])
def test_a_strategy_may_ask_and_call_what_it_could(face: str, kind: str) -> None:
    now = getattr(strategies.strategy, kind)
    for name, parameters in FACES[face].items():
        found = getattr(now, name)
        if parameters:
            names = list(inspect.signature(found).parameters)
            assert names[: len(parameters)] == parameters, name


@pytest.mark.parametrize(("face", "kind"), [("candle", Candle), ("instrument", Instrument)])
def test_what_a_strategy_is_shown_has_every_field(face: str, kind: Any) -> None:
    assert set(FACES[face]) <= {name for name in dir(kind) if not name.startswith("_")}


def test_an_embedder_finds_every_function() -> None:
    for name in FACES["helpers"]:
        assert callable(getattr(daemon.execution.helpers, name)), name


def test_the_imports_of_the_guide_work() -> None:
    namespace: dict[str, Any] = {}
    exec(
        "from strategies.strategy import BaseStrategy, Intents, View\n"
        "from daemon.domain.candle import Candle\n",
        namespace,
    )
    assert {"BaseStrategy", "Intents", "View", "Candle"} <= set(namespace)


@pytest.mark.parametrize("is_taken_over", [False, True])
def test_a_recording_of_0_2_0_replays_to_its_journal(
    is_taken_over: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = unpack_account(tmp_path)
    monkeypatch.chdir(tmp_path)  # its script is written as live.jsonl
    if is_taken_over:
        from daemon.journal.takeover import take_over

        assert take_over(directory, program_version="0.3.0", now_ts=1_795_000_000_000_000_000)
    replays_equal(directory / "recordings/2026-11-18-1.inputs", tmp_path / "replays")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("journal", "verify", "--run", "live"), r"intact, 500 events"),
        (("journal", "show", "--run", "live"), r"V3-20261118-000104"),
        (("journal", "show", "--operations", "--run", "live"), r"strategy_off"),
        (("journal", "export", "--run", "live"), r'"event":"stop_moved"'),
        (("journal", "explain", "V3-20261118-000101", "--run", "live"), r"STOP MOVED: from"),
        (("report", "live"), r"report\.html"),
        (("journal", "backup", "live", "copy"), r"a backup that verifies, 500 events"),
    ],
)
def test_every_command_reads_an_account_of_0_2_0(
    words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    directory = unpack_account(tmp_path)
    paths = [str(tmp_path / word) if word == "copy" else word for word in words]
    before = (directory / "journal.db").read_bytes()
    done = finished(spawn(*paths, "--out", tmp_path))
    assert done.code == 0, done.err
    assert re.search(said, done.out)
    assert (directory / "journal.db").read_bytes() == before


def test_the_fold_of_an_account_of_0_2_0_is_what_its_metrics_showed(tmp_path: Path) -> None:
    directory = unpack_account(tmp_path)
    shown = metrics_of(tmp_path)
    with JournalStore.open_whole(directory) as store:
        ledger = fold(store)
    assert shown["seq"] == ledger.seq
    assert shown["total_orders"] == ledger.total_orders
    assert shown["realized_pnl"] == ledger.realized_paise / 100
    assert shown["exits"] == dict(sorted(ledger.exits.items()))
    ladder = [position.stop_moved_by for position in ledger.open_positions()]
    assert ladder.count("trailing_stop") == 2
