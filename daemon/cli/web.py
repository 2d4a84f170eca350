"""`run_fno_paper web`: a page about an account or a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from daemon.errors import UsageError
from daemon.files.private import make_private_directory
from daemon.process.logs import log_to_file_alone
from daemon.runtime.run_files import ACCOUNTS, find_run, newest_runs, refuse_unreadable
from daemon.settings.account_name import check_account_name
from daemon.settings.config import WebConfig
from daemon.settings.file import load_config
from daemon.web.sources.watched import Watched

LOG_FILE: Final = "web.log"
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_INSTALL: Final = (
    "web: the page needs starlette and uvicorn: install them with pip install 'run-fno-paper[web]'"
)


class Page(NamedTuple):
    """The account or run that is watched, and the address of its page."""

    watched: Watched
    web: WebConfig
    port: int


def what_to_watch(
    account: str, config: Path | None, run: str, out: Path, *, port: int | None, listen: str
) -> Page:
    """Return what the command line names; the newest account, or else run, by default.

    Raises UsageError, ConfigError.
    """
    if sum(map(bool, (account, config, run))) > 1:
        raise UsageError("web: expected one of an account, --config and --run")
    web, given = WebConfig(), None
    if config is not None:
        given = load_config(config)
        web, out = given.web, Path(given.out)
        directory = out / ACCOUNTS / given.account
        make_private_directory(directory)
    elif run:
        directory = find_run(run, out)
    else:
        directory = _account(account, out)
    refuse_unreadable(directory)
    web = WebConfig(port=web.port, listen=listen or web.listen, hosts=web.hosts)
    watched = Watched(directory=directory, out=out, given=given)
    return Page(watched, web, web.port if port is None else port)


def _account(name: str, out: Path) -> Path:
    if name:
        check_account_name(name)
        directory = out / ACCOUNTS / name
        if not directory.is_dir():
            known = ", ".join(each.name for each in _accounts(out)) or "none yet"
            raise UsageError(f"account {name!r} is not under {out}; there are: {known}")
        return directory
    accounts = _accounts(out)
    return accounts[0] if accounts else find_run("", out)


def _accounts(out: Path) -> list[Path]:
    return [each for each in newest_runs(out) if each.parent.name == ACCOUNTS]


def serve_page(page: Page, say: Callable[..., None]) -> None:
    """Serve until a signal; say the address and where the token is.

    Raises UsageError where the port is taken or the libraries are missing, ConfigError.
    """
    try:
        from daemon.web.server import PageServer
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("starlette", "uvicorn"):
            raise
        raise UsageError(_INSTALL) from error
    watched, web = page.watched, page.web
    server = PageServer(watched, host=web.listen, port=page.port, hosts=web.hosts)
    log_to_file_alone(watched.directory / LOG_FILE)

    def ready() -> None:
        say(f"page {server.url}")
        say(f"credentials {server.credentials}")
        if web.listen not in _LOOPBACK:
            say(f"warning: {web.listen} is reachable from other machines, unencrypted", err=True)

    server.run(ready)
