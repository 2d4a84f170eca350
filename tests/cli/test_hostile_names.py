"""Names from outside on their way to a terminal: every command shows them, none lets them act."""

from __future__ import annotations

import ast
import io
from pathlib import Path

import pytest

from daemon.domain.events import decode_event
from daemon.journal import show
from daemon.journal.explain import explain
from daemon.journal.operations import operations_text
from daemon.journal.store import JournalMeta, JournalStore, Operation
from tests.kit.cli import invoke, write_ticks
from tests.kit.report_events import EventScript, at
from tests.kit.source import calls, modules

HOSTILE = "A\x1b[2J\nB\u202e[red]<b>\x9b"
SAFE = r"A\x1b[2J\nB\u202e[red]<b>\x9b"


@pytest.fixture
def store(tmp_path: Path) -> JournalStore:
    """The journal of a run whose names are all hostile."""
    script = EventScript()
    order_id = script.enter(at("09:20:00"), HOSTILE, "BUY", 25, 10_000, strategy=HOSTILE)
    script.leave(at("09:30:00"), order_id, 10_100, HOSTILE)
    script.refuse(at("09:31:00"), HOSTILE, HOSTILE, strategy=HOSTILE, note=HOSTILE)
    store = JournalStore.create(tmp_path / "run", JournalMeta(run_id="r", account="dev"))
    operation = Operation(ts=at("09:31:00"), kind=HOSTILE, detail={HOSTILE: HOSTILE})
    store.append(script.events, input_no=script.events[-1].input_no, operations=[operation])
    return store


def test_the_journals_commands_escape_what_they_show(store: JournalStore) -> None:
    with store:
        texts = {
            "show": show.show(store).text(),
            "operations": operations_text(store, 10),
            "filled": explain(store, "V3-20261120-000001"),
            "refused": explain(store, "V3-20261120-000002"),
        }
    for name, text in texts.items():
        assert SAFE in text, name
        assert all(line.isprintable() for line in text.split("\n")), name
        assert "\nB" not in text, name


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_an_export_to_a_terminal_is_json_of_the_same_values_that_prints(
    store: JournalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    with store:
        assert show.export(store) == show.export(store, tmp_path / "events")
        exact = [decode_event(line) for line in (tmp_path / "events").read_bytes().splitlines()]
        shown = [decode_event(line) for line in terminal.getvalue().encode().splitlines()]
    assert shown == exact
    assert all(line.isprintable() for line in terminal.getvalue().splitlines())


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "no\x1b[2Jsuch\n.yaml"),
        ("--config", "no\x1b[2Jsuch\n.yaml"),
        ("report", "no\x1b[2Jsuch\nrun"),
        ("journal", "explain", "no\x1b[2Jsuch\norder"),
        ("no\x1b[2Jsuch\ncommand",),
    ],
)
def test_a_mistake_with_a_hostile_name_is_one_line_that_prints(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    more = ("--out", tmp_path) if arguments[0] in ("report", "journal") else ()
    done = invoke(*arguments, *more)
    assert done.code
    lines = done.err.splitlines()
    assert len(lines) == 1
    assert lines[0].isprintable()


def test_a_hostile_symbol_in_a_recording_is_shown_and_does_nothing(tmp_path: Path) -> None:
    symbol = "EVIL\x1b[2J\u202e[red]"
    ticks = write_ticks(tmp_path / "t.csv", [f"2026-11-18T09:15:00,{symbol},100,99,101"])
    config = tmp_path / "c.yaml"
    config.write_text(
        f"version: 1\nfeed: {{kind: replay, replay: {{files: [{{path: {ticks}}}]}}}}\n"
        'universe: {instruments: [{tradingsymbol: "EVIL\\e[2J\\u202e[red]"}]}\n'
    )
    done = invoke("--config", config, "--out", tmp_path / "out")
    text = done.out + done.err
    assert r"EVIL\x1b[2J\u202e[red]" in text
    assert all(line.isprintable() for line in text.split("\n"))


def test_only_the_border_of_the_terminal_prints() -> None:
    printing = {
        module.path
        for module in modules()
        if isinstance(module.tree, ast.AST)
        for _, called, _ in calls(module.tree)
        if called in {"typer.echo", "typer.secho", "print"}
    }
    assert {path for path in printing if path.startswith("daemon/")} == {"daemon/cli/say.py"}
