"""`run_fno_paper`: arguments in, exit code out."""

from __future__ import annotations

import os
import sys
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daemon import VERSION
from daemon.cli.arguments import CUTS, overrides_of, settings_of, spread_replay
from daemon.cli.asked import asked
from daemon.cli.hook import hook
from daemon.cli.journal import ARTIFACTS, journal
from daemon.cli.plan import plan
from daemon.cli.say import say, say_text
from daemon.cli.sweep import sweep
from daemon.errors import DaemonError, ExitCode, JournalIOError, UsageError
from daemon.process.held_signals import ignore_held_signals

if TYPE_CHECKING:
    from daemon.cli.run import Outcome
    from daemon.report.summary import RunSummary
    from daemon.settings.config import Config

app = typer.Typer(
    name="run_fno_paper",
    help="Paper trading for Indian futures and options. It cannot place a real order.",
    no_args_is_help=False,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(journal, name="journal")
app.add_typer(plan, name="plan")
app.add_typer(hook, name="hook")
app.add_typer(sweep, name="sweep")

DataDir = Annotated[
    Path | None, typer.Option("--data", help="Replaces ${FNO_DATA} in paths of recordings.")
]


@app.callback()
def start(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option("--config", help="The YAML configuration.")] = None,
    feed: Annotated[str, typer.Option(help="replay, synthetic or kite.")] = "",
    replay: Annotated[
        list[str] | None, typer.Option(help="A recorded file; give it again for more.")
    ] = None,
    speed: Annotated[str, typer.Option(help="max, or a factor of real time.")] = "",
    since: Annotated[str, typer.Option("--from", help="First instant, ISO, IST.")] = "",
    until: Annotated[str, typer.Option("--to", help="Last instant, ISO, IST.")] = "",
    account: Annotated[str, typer.Option(help="The account's name.")] = "",
    out: Annotated[str, typer.Option(help="The output directory.")] = "",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="KEY=VALUE, a dotted key of the configuration; again for more."),
    ] = None,
    data: DataDir = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Run a session: live, recorded or synthetic. Without a subcommand --config is needed."""
    if version:
        say(f"run_fno_paper {VERSION}")
        return
    overrides = overrides_of(feed, replay, speed, since, until, account, out)
    overrides |= settings_of(settings or ())
    if context.invoked_subcommand is not None:
        if overrides or config or data:
            raise UsageError(
                f"options before {context.invoked_subcommand!r} are those of a run; put its own "
                "after it"
            )
        return
    if config is None:
        raise UsageError("expected --config FILE (or a subcommand; see --help)")
    _run(config, overrides, data)


def _run(config: Path, overrides: dict[str, Any], data: Path | None) -> None:
    from daemon.cli.page import page_command
    from daemon.cli.run import run
    from daemon.settings.file import load_config

    loaded = load_config(config, overrides)
    if loaded.feed.kind != "replay" and not overrides.keys().isdisjoint(CUTS):
        raise UsageError(f"--from and --to cut a recording; the feed is {loaded.feed.kind}")
    again, page = partial(load_config, config, overrides), page_command(loaded, config, overrides)
    _show(run(loaded, data_dir=data, read_again=again, page=page))


def _show(outcome: Outcome) -> None:
    _show_summary(outcome.summary)
    if outcome.feed_lost is not None:
        raise outcome.feed_lost


def _show_summary(summary: RunSummary) -> None:
    from daemon.report.terminal import print_summary, summary_text

    if sys.stdout.isatty():
        from rich.console import Console

        print_summary(summary, Console())
    else:
        say_text(summary_text(summary).removesuffix("\n"))


def _warn_of_misplaced_inputs(config: Config) -> None:
    from daemon.settings.inputs import misplaced_inputs

    for text in misplaced_inputs(config):
        say(f"warning: input {text}", err=True)


@app.command()
def check(
    config: Annotated[Path, typer.Argument(help="The YAML configuration.")], data: DataDir = None
) -> None:
    """Validate a configuration or a sweep: keys, values, rules, strategies, plans, files.

    A configuration is code: its strategies' modules are imported and their classes built, as a
    run does. Do not check one from somebody whose code you would not run.
    """
    from daemon.cli.check import check_file
    from daemon.settings.file import is_sweep_file

    if is_sweep_file(config):
        from daemon.cli.check_sweep import check_sweep

        for text in check_sweep(config, data):
            say(text)
        return
    checked = check_file(config, data_dir=data, say=partial(say, err=True))
    say(checked.verdict)
    for text in checked.plans:
        say(text)
    for text in checked.warnings:
        say(f"warning: {text}")


@app.command()
def rules(
    config: Annotated[
        Path | None, typer.Argument(help="The YAML configuration whose rules to show.")
    ] = None,
) -> None:
    """Show how far the dated tables reach: sessions, charges, contracts, and your own rows."""
    from daemon.cli.rules import rules_text

    say_text(rules_text(config))


@app.command()
def init(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="A new directory, or one without such files.")
    ],
) -> None:
    """Write a configuration, a strategy and a sample session to start from into DIR."""
    from daemon.cli.init import next_commands, write_desk

    for path in write_desk(directory):
        say(f"wrote {path}")
    say("next:")
    for line in next_commands(directory):
        say(f"  {line}")


@app.command()
def demo() -> None:
    """Run the sample session that ships with the program and check its P&L; writes nothing."""
    from daemon.cli.demo import demo as run_sample

    done = run_sample()
    _show_summary(done.summary)
    say(done.verdict, err=done.differs)
    if done.differs:
        raise typer.Exit(ExitCode.DIFFERS)


@app.command()
def report(
    run: Annotated[str, typer.Argument(help="The run's directory or id; default the newest.")] = "",
    out: Annotated[
        Path, typer.Option(help="The output directory that holds the runs.")
    ] = ARTIFACTS,
    to: Annotated[Path | None, typer.Option("--to", help="Where to write the page.")] = None,
    tearsheet: Annotated[
        bool, typer.Option("--tearsheet", help="A tear sheet by quantstats (extra) instead.")
    ] = False,
) -> None:
    """Write one self-contained HTML page about a run."""
    from daemon.cli.report import write_run_report
    from daemon.runtime.run_files import find_run

    directory = find_run(run, out)
    if tearsheet:
        from daemon.cli.tearsheet import write_run_tearsheet

        say(str(write_run_tearsheet(directory, to)))
    else:
        say(str(write_run_report(directory, to)))


@app.command()
def export(
    run: Annotated[str, typer.Argument(help="An account, or a run's directory or id.")],
    to: Annotated[Path, typer.Option("--to", help="A .csv, .xlsx or .parquet file.")],
    table: Annotated[
        str, typer.Option(help="trades, orders, exchange_orders, fills, equity, daily or rounds.")
    ] = "trades",
    out: Annotated[
        Path, typer.Option(help="The output directory that holds the runs and accounts.")
    ] = ARTIFACTS,
) -> None:
    """Write what an account or a run traded as a table for a spreadsheet or a notebook."""
    from daemon.cli.export import export_table

    done, note = export_table(run, out, to, table)
    say(done)
    if note:
        say(note, err=True)


@app.command()
def compare(
    a: Annotated[str, typer.Argument(help="An account, or a run's directory or id.")],
    b: Annotated[str, typer.Argument(help="What to hold against it.")],
    out: Annotated[
        Path, typer.Option(help="The output directory that holds the runs and accounts.")
    ] = ARTIFACTS,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
) -> None:
    """Show where two runs went apart: their trades in pairs, and the first event that differs."""
    from daemon.cli.compare import compare_runs

    done = compare_runs(a, b, out, as_json=as_json)
    say_text(done.text)
    if done.differs:
        raise typer.Exit(ExitCode.DIFFERS)


@app.command()
def replay(
    recording: Annotated[Path, typer.Argument(help="A recording of a live run.")],
    out: Annotated[Path, typer.Option(help="The output directory.")] = ARTIFACTS,
    speed: Annotated[str, typer.Option(help="max, or a factor of real time.")] = "max",
) -> None:
    """Run a live run's recording again, exactly as it was, and compare the journals."""
    from daemon.cli.replay import replay as run_again

    done = run_again(recording, out, speed=speed)
    _show(done.outcome)
    say(f"{recording}: {done.verdict}")
    if done.differs:
        raise typer.Exit(ExitCode.DIFFERS)


@app.command()
def convert(
    config: Annotated[Path, typer.Argument(help="A configuration whose replay files to convert.")],
    to: Annotated[Path | None, typer.Argument(help="The native file to write (.parquet).")] = None,
    lake: Annotated[
        str, typer.Option("--lake", help="Write into this lake instead: a directory, or s3://...")
    ] = "",
    data: DataDir = None,
) -> None:
    """Turn any recording that can be replayed into one native file, or add it to a lake."""
    from daemon.cli.convert import converted
    from daemon.settings.file import load_config

    if (to is None) == (not lake):
        raise UsageError("convert: expected a file to write, or --lake DIR")
    if to is not None and to.suffix != ".parquet":  # the reader goes by the ending
        raise UsageError(f"{to}: expected a name that ends in .parquet")
    loaded = load_config(config)
    _warn_of_misplaced_inputs(loaded)
    for line in converted(loaded, to, lake, data_dir=data):
        say(line)


@app.command()
def calibrate(
    tradebook: Annotated[
        list[Path] | None,
        typer.Option("--tradebook", help="An F&O tradebook of Console (.csv); again for more."),
    ] = None,
    orders: Annotated[
        list[Path] | None,
        typer.Option("--orders", help="Kite's order histories (.json) instead; again for more."),
    ] = None,
    decisions: Annotated[
        str,
        typer.Option("--decisions", help="A run or account that sent the same orders on paper."),
    ] = "",
    replay: Annotated[
        list[str] | None, typer.Option("--replay", help="A recording; give it again for more.")
    ] = None,
    lake: Annotated[Path | None, typer.Option("--lake", help="A lake of recordings.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="Names and describes the recordings instead.")
    ] = None,
    apply_offset: Annotated[
        bool, typer.Option("--apply-offset", help="Correct the recording's clock as measured.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    to: Annotated[Path | None, typer.Option("--to", help="Write a page here too (.html).")] = None,
    out: Annotated[
        Path, typer.Option(help="The output directory that holds the runs and accounts.")
    ] = ARTIFACTS,
    data: DataDir = None,
) -> None:
    """Compare real orders with what paper would have paid: how wrong is paper?"""
    from daemon.cli.calibrate import Named, json_of, measure, text_of, write_page

    named = Named(config, replay or (), lake, tradebook or (), orders or (), decisions, out)
    found = measure(named, apply_offset=apply_offset, data_dir=data)
    say_text(json_of(found) if as_json else text_of(found).removesuffix("\n"))
    if to is not None:
        say(f"wrote {write_page(found, to)}", err=True)


@app.command("serve-ticks")
def serve_ticks(
    files: Annotated[
        list[str] | None, typer.Argument(help="Recordings, merged by time (native: .parquet).")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="Names and describes the replay files instead."),
    ] = None,
    speed: Annotated[str, typer.Option(help="max, or a factor of real time.")] = "1",
    port: Annotated[int, typer.Option(help="On 127.0.0.1; 0: any.", min=0, max=65535)] = 9292,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="KIND@N: after N packets drop, half-open, garbage, text, cut, delay, duplicate or"
            " refuse; 403: refuse everyone. Again for more."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="What the garbage is made from.")] = 1,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Stand still while no client is subscribed.")
    ] = True,
    data: DataDir = None,
) -> None:
    """Play recordings in Kite's WebSocket protocol, to clients on this machine only."""
    from daemon.cli.serve import Serving, serve, what_to_serve
    from feeds.kite.server.faults import FaultPlan

    how = Serving(port, speed, FaultPlan.parse(fault or (), seed=seed), wait)
    served = what_to_serve(files or (), config)
    _warn_of_misplaced_inputs(served)
    serve(served, how, say=say, data_dir=data)


@app.command()
def login(
    config: Annotated[Path | None, typer.Option("--config", help="The YAML configuration.")] = None,
    api_key: Annotated[str, typer.Option(help="Default KITE_API_KEY, else asked for.")] = "",
    request_token: Annotated[
        str, typer.Option(help="Or the whole address the browser was sent to; else asked for.")
    ] = "",
) -> None:
    """Log in to Kite for a day of live data; KITE_API_SECRET holds the secret, or it is asked."""
    from daemon.cli.login import log_in

    say(log_in(config, api_key, request_token))


@app.command()
def command(
    account: Annotated[str, typer.Argument(help="The account that the running daemon trades.")],
    what: Annotated[
        str,
        typer.Argument(
            help="kill_switch, manual_exit ORDER, strategy_off ID, strategy_on ID, "
            "risk_reducing, risk_halted, risk_active, or reload."
        ),
    ],
    target: Annotated[str, typer.Argument(help="The order's or the strategy's id.")] = "",
    out: Annotated[Path, typer.Option(help="The output directory of the daemon.")] = ARTIFACTS,
) -> None:
    """Tell the running daemon something; it answers whether it was taken."""
    from daemon.cli.command import tell

    say(tell(out, account, what, target))


@app.command()
def web(
    account: Annotated[str, typer.Argument(help="The account; default the newest one.")] = "",
    config: Annotated[
        Path | None,
        typer.Option("-c", "--config", help="The daemon's configuration: its account and `web`."),
    ] = None,
    run: Annotated[str, typer.Option("--run", help="A run's directory or id instead.")] = "",
    out: Annotated[Path, typer.Option(help="The output directory of the daemon.")] = ARTIFACTS,
    port: Annotated[
        int | None, typer.Option(help="Default 8500; 0: any that is free.", min=0, max=65535)
    ] = None,
    listen: Annotated[str, typer.Option(help="The address to listen on; default loopback.")] = "",
    kite_port: Annotated[
        int | None,
        typer.Option(
            help="Of Kite's API on paper; default one above the page's.", min=0, max=65535
        ),
    ] = None,
    hooks_port: Annotated[
        int | None,
        typer.Option(help="Listen for hooks; default as configured.", min=0, max=65535),
    ] = None,
    no_kite: Annotated[bool, typer.Option("--no-kite", help="The page alone.")] = False,
    credentials: Annotated[
        bool, typer.Option("--credentials", help="Show the keys of Kite's API on paper and end.")
    ] = False,
) -> None:
    """Serve a page about an account or a run, and Kite's API on paper for an account."""
    from daemon.cli.web import serve_page, show_credentials, what_to_watch

    chosen = what_to_watch(
        account,
        config,
        run,
        out,
        port=port,
        listen=listen,
        kite_port=kite_port,
        hooks_port=hooks_port,
        has_kite=not no_kite,
    )
    if credentials:
        show_credentials(chosen, say)
    else:
        serve_page(chosen, say)


Account = Annotated[str, typer.Argument(help="The account; default the newest one.")]
AccountConfig = Annotated[
    Path | None, typer.Option("-c", "--config", help="The daemon's configuration instead.")
]
AccountOut = Annotated[Path, typer.Option("--out", help="The output directory of the daemon.")]


@app.command()
def follow(
    account: Account = "",
    config: AccountConfig = None,
    out: AccountOut = ARTIFACTS,
    test: Annotated[bool, typer.Option("--test", help="Send a line to each channel.")] = False,
) -> None:
    """Tell what happens to an account over its owner's channels: fills, exits, trouble."""
    from daemon.cli.follow import follow as follow_account
    from daemon.cli.follow import send_test
    from daemon.cli.web import what_to_watch

    watched = what_to_watch(account, config, "", out, port=None, listen="").watched
    if not test:
        follow_account(watched, say)
    elif not send_test(watched, say):
        raise typer.Exit(ExitCode.FEED_LOST)


@app.command()
def tail(
    account: Account = "",
    run: Annotated[str, typer.Option("--run", help="A run's directory or id instead.")] = "",
    out: AccountOut = ARTIFACTS,
    first: Annotated[
        int | None, typer.Option("--from", help="The event to begin with, from 1.", min=1)
    ] = None,
    to: Annotated[str, typer.Option("--to", help="redis://HOST:PORT/DB; default here.")] = "",
    password_file: Annotated[
        Path | None, typer.Option(help="A file (mode 0600) with the password of --to.")
    ] = None,
) -> None:
    """Follow the committed events: the lines of `journal export`, each once, in order."""
    from daemon.cli.tail import tail as tail_journal
    from daemon.cli.web import what_to_watch

    watched = what_to_watch(account, None, run, out, port=None, listen="").watched
    tail_journal(watched, first=first, to=to, password_file=password_file, say=say)


@app.command()
def mcp(account: Account = "", config: AccountConfig = None, out: AccountOut = ARTIFACTS) -> None:
    """Let an AI assistant read an account over standard input and output (MCP).

    It reads only, unless the configuration's `mcp.commands` names commands.
    """
    from daemon.cli.mcp import serve_assistant
    from daemon.cli.web import what_to_watch

    watched = what_to_watch(account, config, "", out, port=None, listen="").watched
    serve_assistant(watched, config)


PacedRun = Annotated[str, typer.Argument(help="The run's directory or id.")]
RunsOut = Annotated[Path, typer.Option("--out", help="The output directory that holds the runs.")]


@app.command()
def pause(run: PacedRun, out: RunsOut = ARTIFACTS) -> None:
    """Let the time of a paced run stand still; what it trades is the same."""
    from daemon.cli.command import tell_run

    say(tell_run(out, run, "pause"))


@app.command()
def resume(run: PacedRun, out: RunsOut = ARTIFACTS) -> None:
    """Let a paused run continue from where it stands."""
    from daemon.cli.command import tell_run

    say(tell_run(out, run, "resume"))


@app.command()
def speed(
    run: PacedRun,
    factor: Annotated[str, typer.Argument(help="A factor of real time such as 20, or max.")],
    out: RunsOut = ARTIFACTS,
) -> None:
    """Change the speed of a paced run while it runs."""
    from daemon.cli.command import tell_run

    say(tell_run(out, run, "speed", factor))


def first_fault(error: BaseException) -> DaemonError | None:
    """Return the world's fault inside a group of exceptions, if that is all there is."""
    if isinstance(error, DaemonError):
        return error
    if isinstance(error, BaseExceptionGroup):
        faults = [first_fault(exception) for exception in error.exceptions]
        return faults[0] if all(faults) else None
    return None


def _hint(error: typer.TyperException) -> str:
    """Return where a command's missing argument is explained."""
    context = getattr(error, "ctx", None)
    if context is None or "Missing argument" not in error.format_message():
        return ""
    return f" See: {context.command_path} --help"


def main() -> None:
    """Run the command line; a user's mistake is one line on stderr and an exit code."""
    try:
        arguments = spread_replay(sys.argv[1:])
        code = int(asked(app, arguments)(arguments, standalone_mode=False) or ExitCode.STOPPED)
    except typer.TyperException as error:
        _complain(f"{error.format_message()}{_hint(error)}")
        code = int(ExitCode.USAGE)
    except Exception as error:  # noqa: BLE001 - the last resort, shown with its traceback
        fault = first_fault(error)
        if fault is None:
            say_text(traceback.format_exc().rstrip("\n"), err=True)
            _complain("a fault of this program, see above; what was journaled is kept")
        else:
            _complain(str(fault))
        code = int(ExitCode.INVARIANT_BROKEN if fault is None else fault.exit_code)
        if isinstance(fault, JournalIOError):
            # a thread may hang in a write that will never end; an exit must not wait for it
            sys.stderr.flush()
            os._exit(code)
    ignore_held_signals()
    sys.exit(code)


def _complain(text: str) -> None:
    """Print the one line; what came before it on stdout is shown before it."""
    sys.stdout.flush()
    if text:
        say(f"run_fno_paper: {text}", err=True)


if __name__ == "__main__":
    main()
