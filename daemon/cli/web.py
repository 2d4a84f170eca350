"""`run_fno_paper web`: a page about an account or a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import structs

from daemon.cli.follow import alerts_of_page
from daemon.errors import UsageError
from daemon.files.private import make_private_directory
from daemon.files.secret_file import read_secret_line
from daemon.process.logs import log_to_file_alone
from daemon.runtime.run_files import ACCOUNTS, find_run, newest_runs, refuse_unreadable
from daemon.settings.account_name import check_account_name
from daemon.settings.config import HooksConfig, WebConfig
from daemon.settings.file import load_config
from daemon.web.sources.watched import Watched

LOG_FILE: Final = "web.log"
PORT_MAX: Final = 65_535
_LOOPBACK: Final = {"127.0.0.1", "localhost", "::1"}
_LIBRARIES: Final = ("starlette", "uvicorn", "websockets", "prometheus_client")
_INSTALL: Final = (
    "web: the page needs starlette, uvicorn, websockets and prometheus-client: install them with "
    "pip install 'run-fno-paper[web]'"
)


class Page(NamedTuple):
    """The account or run that is watched, and the addresses of its page and of its API."""

    watched: Watched
    web: WebConfig
    port: int
    kite_port: int | None
    """None: it has no API, as a run, or by `web.kite.enabled`."""
    hooks_port: int | None = None
    """None: hooks are not listened for."""


def what_to_watch(
    account: str,
    config: Path | None,
    run: str,
    out: Path,
    *,
    port: int | None,
    listen: str,
    kite_port: int | None = None,
    hooks_port: int | None = None,
    has_kite: bool = True,
) -> Page:
    """Return what the command line names; the newest account, or else run, by default.

    Raises UsageError, ConfigError.
    """
    named = {f"account {account!r}": account, "--config": config, "--run": run}
    if len(chosen := [name for name, value in named.items() if value]) > 1:
        raise UsageError(f"{' and '.join(chosen)}: expected one of them, each names what is meant")
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
    web = structs.replace(web, listen=listen or web.listen)
    watched = Watched(directory=directory, out=out, given=given)
    page_port = web.port if port is None else port
    has_api = watched.is_account and web.kite.enabled and has_kite
    hooks = None
    if hooks_port is not None or web.hooks is not None:
        if not watched.is_account:
            raise UsageError("web: hooks are those of an account, and this is a run")
        web = structs.replace(web, hooks=web.hooks or HooksConfig())
        assert web.hooks is not None
        hooks = web.hooks.port if hooks_port is None else hooks_port
    kite = _kite_port(web, page_port, kite_port) if has_api else None
    return Page(watched, web, page_port, kite, hooks)


def _kite_port(web: WebConfig, page_port: int, asked: int | None) -> int:
    """Return the API's port: as asked, as configured, else one above the page's; 0 is any."""
    if asked is not None or web.kite.port is not None:
        return asked if asked is not None else web.kite.port or 0
    next_one = page_port + 1 if page_port < PORT_MAX else page_port - 1
    return next_one if page_port else 0


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


def show_credentials(page: Page, say: Callable[..., None]) -> None:
    """Show the keys of the account's API, made where there are none yet. Raises UsageError."""
    with _needs_libraries():
        from daemon.web.kite_server import shown_keys
    if not page.watched.is_account:
        raise UsageError("web: --credentials are those of an account, and this is a run")
    for line in shown_keys(page.watched.directory).splitlines():
        say(line)


def serve_page(page: Page, say: Callable[..., None]) -> None:
    """Serve until a signal; say the address and where the token is.

    Raises UsageError where the port is taken or the libraries are missing, ConfigError.
    """
    with _needs_libraries():
        from daemon.web.hook_server import HookAddress
        from daemon.web.kite_server import KiteAddress
        from daemon.web.server import PageServer
        from daemon.web.site import Site
    watched, web = page.watched, page.web
    file = web.metrics_token_file
    kite = None if page.kite_port is None else KiteAddress(web.kite.listen, page.kite_port)
    hooks = None
    if page.hooks_port is not None and web.hooks is not None:
        hooks = HookAddress(web.hooks.host, page.hooks_port)
    server = PageServer(
        watched,
        host=web.listen,
        port=page.port,
        hosts=web.hosts,
        metrics_token=read_secret_line(Path(file), "the token of /metrics") if file else "",
        kite=kite,
        hooks=hooks,
    )
    log_to_file_alone(watched.directory / LOG_FILE)

    def ready() -> None:
        say(f"page {server.url}")
        if server.kite is not None:
            say(f"kite {server.kite.listener.url}")
        if server.hooks is not None:
            say(f"hooks {server.hooks.listener.url}hook/TOKEN")
        say(f"credentials {server.credentials}")
        listens = {web.listen, *(other.host for other in (kite, hooks) if other is not None)}
        for address in sorted(listens - _LOOPBACK):
            say(f"warning: {address} is reachable from other machines, unencrypted", err=True)

    alerts = alerts_of_page(watched)

    async def send_alerts(site: Site) -> None:
        if alerts is not None:
            await alerts.run(site.with_view)

    server.run(ready, [send_alerts])


@contextmanager
def _needs_libraries() -> Iterator[None]:
    """Say what to install where a library of the page is missing. Raises UsageError."""
    try:
        yield
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in _LIBRARIES:
            raise
        raise UsageError(_INSTALL) from error
