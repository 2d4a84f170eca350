"""What the documents show can be done: commands, configurations, code, links, output."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from msgspec import NODEFAULT, inspect

from daemon.cli.arguments import spread_replay
from daemon.domain.candle import Candle
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.intent import OrderIntent, Signal
from daemon.errors import ExitCode
from daemon.main import app
from daemon.settings.config import Config, StrategiesConfig, StrategyConfig
from daemon.settings.file import load_config
from strategies.desks import QuietDesk
from strategies.engine import StrategyEngineV2
from tests.docs_output import shortened

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "EXECUTION_ENGINE_V3_GUIDE.md").read_text(encoding="utf-8")
FUTURE = "NIFTY26NOVFUT"


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def every_block(language: str) -> list[Any]:
    return [
        pytest.param(block, id=f"{path.name}-{number}")
        for path in DOCUMENTS
        for number, block in enumerate(blocks(path.read_text(encoding="utf-8"), language), 1)
    ]


# commands


def shown_commands() -> list[Any]:
    return [
        pytest.param(line[2:], id=line[2:])
        for path in DOCUMENTS
        for block in blocks(path.read_text(encoding="utf-8"), "console")
        for line in block.splitlines()
        if line.startswith("$ ")
    ]


def known_options(command: Any) -> set[str]:
    return {name for each in command.params for name in (*each.opts, *each.secondary_opts)}


@pytest.mark.parametrize("line", shown_commands())
def test_a_shown_command_exists(line: str) -> None:
    words = shlex.split(line)
    while "=" in words[0]:
        words.pop(0)
    program, *rest = words
    if program == "make":
        makefile = (ROOT / "Makefile").read_text()
        targets = {word for word in rest if "=" not in word}
        assert targets
        assert targets <= set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
        assert all(f"$({word.split('=')[0]}" in makefile for word in set(rest) - targets)
        return
    assert program == ".venv/bin/run_fno_paper"
    command: Any = typer.main.get_command(app)
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest.pop(0)]
    if "run" in getattr(command, "commands", {}):
        command = command.commands["run"]  # `sweep FILE`
    options = {word for word in rest if word.startswith("--")}
    assert options <= known_options(command)
    for word in rest:
        if word.startswith("configs/"):
            assert (ROOT / word).is_file()


def test_files_after_one_replay_option_are_all_meant() -> None:
    [line] = [each for each in blocks(README, "console")[1].splitlines() if " --replay " in each]
    command: Any = typer.main.get_command(app)
    told = shlex.split(line)[2:]
    assert told.count("--replay") == 1
    found = command.make_context("run_fno_paper", spread_replay(told)).params["replay"]
    assert list(found) == ["monday.parquet", "tuesday.parquet"]


def test_the_table_of_commands_has_all_commands() -> None:
    section = README.split("\n## Commands\n")[1].split("\n## ")[0]
    shown = set(re.findall(r"`run_fno_paper ([a-z][a-z -]*?)(?= [A-Z\[`]|`)", section))
    command: Any = typer.main.get_command(app)
    groups = {name: each for name, each in command.commands.items() if hasattr(each, "commands")}
    assert set(groups) == {"hook", "journal", "plan", "sweep"}
    known = set(command.commands) - set(groups)
    known |= {f"{group} {name}" for group, each in groups.items() for name in each.commands}
    known = (known - {"sweep run"}) | {"sweep"}  # the command of `sweep FILE`
    assert shown == known


def test_all_other_lines_of_console_blocks_are_commands() -> None:
    for path in DOCUMENTS:
        for block in blocks(path.read_text(encoding="utf-8"), "console"):
            assert all(line.startswith("$ ") for line in block.splitlines()), path


# configurations


@pytest.mark.parametrize("block", every_block("yaml"))
def test_a_shown_configuration_loads(block: str, tmp_path: Path) -> None:
    file = tmp_path / "shown.yaml"
    file.write_text(block, encoding="utf-8")
    load_config(file)


def declared(kind: Any, prefix: str = "", seen: tuple[Any, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every key of the configuration by dotted path, with its field."""
    info: Any = inspect.type_info(kind) if isinstance(kind, type) else kind
    for field in info.fields:
        path, below = prefix + field.encode_name, field.type
        if path == "plans":  # docs/PLANS.md, see tests/plans/test_plan_docs.py
            continue
        if isinstance(below, inspect.StructType):
            yield from declared(below, f"{path}.", seen)
            continue
        yield path, field
        for each in below.types if isinstance(below, inspect.UnionType) else ():
            if isinstance(each, inspect.StructType):
                yield from declared(each, f"{path}.", seen)
        if isinstance(below, inspect.ListType) and isinstance(below.item_type, inspect.StructType):
            if below.item_type.cls in seen:
                continue
            seen = (*seen, below.item_type.cls)
            yield from declared(below.item_type, f"{path}[].", seen)


def settings(kind: Any) -> Iterator[tuple[str, Any]]:
    """Every key of the configuration by dotted path, with its default."""
    for path, field in declared(kind):
        default = field.default
        if default is NODEFAULT and field.default_factory is not NODEFAULT:
            default = field.default_factory()
        yield path, default


def written_default(default: Any) -> str:
    if default is NODEFAULT:
        return "required"
    if isinstance(default, bool):
        return "true" if default else "false"
    return "null" if default is None else str(default)


def documented_settings() -> dict[str, tuple[str, str]]:
    """The type and the default that the guide gives for each setting."""
    section = GUIDE.split("\n## Settings\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([a-z_\[\].]+)` \|([^|]*)\|([^|]*)\|", section, re.MULTILINE)
    assert len(rows) == len({name for name, *_ in rows})
    return {name: (kind, default.strip().strip("`")) for name, kind, default in rows}


def test_every_setting_is_documented_with_its_default() -> None:
    known = {path: written_default(default) for path, default in settings(Config)}
    assert {name: default for name, (_, default) in documented_settings().items()} == known


TECHNICAL_LIMITS = {10**6, 10**9, 10**12}
"""Bounds that keep arithmetic in range; no setting of a user comes near them."""


def words_of(kind: Any) -> set[str]:
    """The bounds and the choices of a type as the guide writes them."""
    if isinstance(kind, inspect.UnionType):
        return set().union(*map(words_of, kind.types))
    if isinstance(kind, inspect.ListType | inspect.VarTupleType):
        return words_of(kind.item_type)
    if isinstance(kind, inspect.LiteralType):
        return {str(value) for value in kind.values}
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        bounds = (kind.ge, kind.gt, kind.le, kind.lt)
        return {f"{b:.15g}" for b in bounds if b is not None and b not in TECHNICAL_LIMITS}
    return set()


def test_every_setting_is_documented_with_its_bounds_and_choices() -> None:
    for path, field in declared(Config):
        kind, _ = documented_settings()[path]
        plain = re.sub(r"(?<=\d),(?=\d)", "", kind)
        choices, numbers = re.findall(r"`([^`]+)`", plain), re.findall(r"(?<!-)\b\d[\d.]*", plain)
        declares = words_of(field.type)
        missing = declares - {*choices, *numbers}
        assert not missing, f"{path}: {sorted(missing)} not in {kind!r}"
        if isinstance(field.type, inspect.IntType | inspect.FloatType):
            limits = {str(limit) for limit in TECHNICAL_LIMITS}
            assert {*numbers} <= declares | limits, f"{path}: {kind!r}"


# the strategy


def strategy_source() -> str:
    [block] = blocks(README, "python")
    return block


def candle(number: int, close: float) -> Candle:
    return Candle(
        tradingsymbol=FUTURE, timeframe="1m", ts=number, end_ts=number + 1, open=close,
        high=close + 1, low=close - 1, close=close, volume=1, bar=number,
    )  # fmt: skip


class FlatDesk(QuietDesk):
    now = 0

    def __init__(self) -> None:
        self.held = 0

    def ltp_paise(self, index: int) -> int | None:
        return None

    def position(self, strategy_id: str, symbol: str) -> int:
        return self.held

    def waiting(self, strategy_id: str, symbol: str) -> int:
        return 0

    def session_open(self, index: int) -> int:
        return 0


def test_the_ten_line_strategy_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docs_breakout.py").write_text(strategy_source(), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    config = StrategyConfig(
        id="breakout",
        module="docs_breakout",
        class_="Breakout",
        symbols=[FUTURE],
        params={"bars": 3, "quantity": 130},
    )
    universe = Universe([Instrument(instrument_token=1, tradingsymbol=FUTURE)])
    engine = StrategyEngineV2(StrategiesConfig(items=[config]), universe)
    desk = FlatDesk()

    def close(number: int, price: float) -> list[OrderIntent]:
        intents = engine.on_candles([candle(number, price)], desk)
        assert engine.take_faults() == []
        return [each for each in intents if isinstance(each, OrderIntent)]

    assert [close(n, price) for n, price in enumerate((100.0, 99.0, 101.0, 102.0))] == [[]] * 4
    [intent] = close(4, 104.0)
    assert (intent.signal, intent.qty, intent.sl_price) == (Signal.BUY, 130, 98.0)
    desk.held = 130
    assert close(5, 120.0) == []


def test_the_ten_line_strategy_and_its_configuration_fit(tmp_path: Path) -> None:
    namespace: dict[str, Any] = {"__name__": "docs_breakout"}
    exec(compile(strategy_source(), "README.md", "exec"), namespace)
    [block] = [each for each in blocks(README, "yaml") if "Breakout}" in each or "breakout" in each]
    file = tmp_path / "shown.yaml"
    file.write_text(block, encoding="utf-8")
    [config] = load_config(file).strategies.items
    assert config.class_ in namespace
    namespace[config.class_](**config.params)


# links and tables


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(
        r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert "://" not in target
        name, _, anchor = target.partition("#")
        file = (path.parent / name) if name else path
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), target


def anchors(text: str) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_the_exit_codes_are_those_of_the_program() -> None:
    section = README.split("<!-- exit codes -->")[1].split("\n## ")[0]
    shown = {int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)}
    assert shown == {int(code) for code in ExitCode}


def test_named_paths_exist() -> None:
    files = ROOT / "docs" / "ARCHITECTURE.md"
    table = files.read_text(encoding="utf-8").split("\n## Files\n")[1]
    for name in re.findall(r"`((?:daemon|feeds|strategies|tests|configs)/[\w./]*)`", table):
        assert (ROOT / name).exists(), name


def test_the_tests_that_prove_promises_exist() -> None:
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    promises = text.split("\n## Promises\n")[1].split("\n## ")[0]
    sources = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("test_*.py"))
    sources += "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "docs").rglob("*.py"))
    named = re.findall(r"`(test_\w+)`", promises)
    assert len(named) > 10
    for name in named:
        assert re.search(rf"def {name}\b", sources), name


# output


@pytest.fixture(scope="module")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The sample session, run once as a user runs it: its output directory and its report."""
    out = tmp_path_factory.mktemp("sample")
    return out, run("--config", "configs/sample.yaml", "--out", str(out))


def run(*arguments: str) -> str:
    command = [sys.executable, "-m", "daemon.main", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, encoding="utf-8", timeout=100
    )
    return done.stdout


def shown_output(text: str, name: str) -> list[str]:
    part = text.split(f"<!-- output: {name} -->")[1].split("<!-- end -->")[0]
    [block] = blocks(part, "text")
    return [line for line in block.splitlines() if line.strip() != "..."]


def any_run_id(text: str) -> str:
    """The fingerprint in a run's id changes with every new setting, what it did does not."""
    return re.sub(r"replay-[0-9a-f]{8}-", "replay-xxxxxxxx-", text)


def test_the_sample_output_is_what_the_sample_prints(sample_run: tuple[Path, str]) -> None:
    shown = README.split("<!-- output: sample -->\n```text\n")[1].split("```\n<!-- end -->")[0]
    assert any_run_id(shown) == any_run_id(shortened(sample_run[1])), "make docs-output writes it"


def test_the_metrics_file_has_the_documented_fields_in_their_order(
    sample_run: tuple[Path, str],
) -> None:
    file = sample_run[0] / "analytics" / "runtime_metrics.json"
    table = GUIDE.split("<!-- metrics -->")[1].split("\n\n")[0]
    shown = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert shown == list(json.loads(file.read_bytes()))


def test_the_explained_order_is_what_explain_prints(sample_run: tuple[Path, str]) -> None:
    [name] = re.findall(r"<!-- output: explain (\S+) -->", GUIDE)
    printed = run("journal", "explain", name, "--out", str(sample_run[0]))
    assert shown_output(GUIDE, f"explain {name}") == printed.rstrip("\n").splitlines()
