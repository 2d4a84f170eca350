"""`run_fno_paper hook new|list|remove`: addresses for messages of charting services."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from daemon.cli.journal import ARTIFACTS
from daemon.cli.say import say
from daemon.errors import UsageError

if TYPE_CHECKING:
    from daemon.web.hooks.store import Hook

HOOKS_MAX: Final = 100
hook = typer.Typer(help="Make and remove addresses for alerts.", no_args_is_help=True)
Account = Annotated[str, typer.Argument(help="The account whose daemon trades.")]
Name = Annotated[str, typer.Argument(metavar="ID", help="The hook's own name.")]
Out = Annotated[Path, typer.Option(help="The output directory of the daemon.")]


@hook.command()
def new(
    account: Account,
    name: Name,
    strategy: Annotated[str, typer.Option(help="The strategy whose intents they become.")],
    kind: Annotated[
        str, typer.Option("--map", help="Whose messages: tradingview or chartink.")
    ] = "tradingview",
    action: Annotated[
        str, typer.Option(help="BUY, SELL or EXIT for messages that name none.")
    ] = "",
    lots: Annotated[int, typer.Option(help="Lots of one order, and the most.")] = 1,
    at_most: Annotated[int, typer.Option(help="Symbols of one message that are traded.")] = 5,
    symbol: Annotated[
        list[str] | None,
        typer.Option(help="CONTRACT or NAME=CONTRACT, as often as needed; default any contract."),
    ] = None,
    out: Out = ARTIFACTS,
) -> None:
    """Make a hook and show its token, which no file keeps and nothing shows again."""
    import msgspec

    from daemon.web.hooks.store import Hook, hash_of, new_token, read_hooks, write_hooks

    path = _file(account, out)
    hooks = read_hooks(path)
    if any(each.id == name for each in hooks):
        raise UsageError(f"hook {name!r}: there is one of this name; remove it first")
    if len(hooks) >= HOOKS_MAX:
        raise UsageError(f"an account has at most {HOOKS_MAX} hooks; remove one first")
    if kind == "chartink" and not action:
        raise UsageError("--action: messages of Chartink name none, so the hook must")
    token = new_token()
    given = {
        "id": name, "hash": hash_of(token), "strategy": strategy, "map": kind,
        "action": action.upper(), "lots": lots, "at_most": at_most, "symbols": _symbols(symbol),
    }  # fmt: skip
    try:
        made = msgspec.convert(given, Hook)
    except msgspec.ValidationError as error:
        raise UsageError(f"hook {name!r}: {error}") from error
    write_hooks(path, [*hooks, made])
    say(f"hook {name}: /hook/{token}")
    say("the token is in no file: note the address now, or remove the hook and make another")


@hook.command("list")
def list_(account: Account, out: Out = ARTIFACTS) -> None:
    """Show the hooks of an account."""
    from daemon.web.hooks.store import read_hooks

    hooks = read_hooks(_file(account, out))
    if not hooks:
        say("no hooks")
    for made in hooks:
        symbols = ", ".join(f"{name}={to}" if name != to else to for name, to in _sorted(made))
        say(
            f"{made.id}: {made.map} for {made.strategy}, "
            f"{made.action or 'action by the message'}, up to {made.lots} "
            f"{'lot' if made.lots == 1 else 'lots'}, {symbols or 'any contract'}"
        )


@hook.command()
def remove(account: Account, name: Name, out: Out = ARTIFACTS) -> None:
    """Remove a hook; its address is unknown from then on."""
    from daemon.web.hooks.store import read_hooks, write_hooks

    path = _file(account, out)
    hooks = read_hooks(path)
    left = [each for each in hooks if each.id != name]
    if len(left) == len(hooks):
        known = ", ".join(each.id for each in hooks) or "none"
        raise UsageError(f"hook {name!r}: not known; there are: {known}")
    write_hooks(path, left)
    say(f"hook {name}: removed")


def _file(account: str, out: Path) -> Path:
    from daemon.runtime.run_files import ACCOUNTS
    from daemon.settings.account_name import check_account_name
    from daemon.web.hooks.store import HOOKS_FILE

    check_account_name(account)
    directory = out / ACCOUNTS / account
    if not directory.is_dir():
        raise UsageError(f"account {account!r} is not under {out}")
    return directory / HOOKS_FILE


def _symbols(given: list[str] | None) -> dict[str, str]:
    """Return the names in messages and what they stand for."""
    found = {}
    for each in given or ():
        name, equals, contract = each.partition("=")
        if not name or (equals and not contract):
            raise UsageError(f"--symbol {each!r}: expected CONTRACT or NAME=CONTRACT")
        found[name] = contract or name
    return found


def _sorted(each: Hook) -> list[tuple[str, str]]:
    return sorted(each.symbols.items())
