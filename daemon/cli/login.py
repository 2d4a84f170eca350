"""`run_fno_paper login`: a request_token becomes an access token in a private file.

The API secret comes from the environment or from a prompt that does not show it, never from the
command line, where every user of the machine could read it; it is used once and not stored.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, quote, urlsplit

import typer

from daemon.cli.say import say
from daemon.domain.dates import iso_ist
from daemon.errors import TokenRefused, UsageError
from daemon.process.clock import Clock
from daemon.settings.config import KiteConfig
from daemon.settings.file import load_config
from feeds.kite.credentials import Secret, login_path, write_credentials
from feeds.kite.http import KiteHttp
from feeds.kite.token_end import valid_until

KEY_VARIABLE: Final = "KITE_API_KEY"
SECRET_VARIABLE: Final = "KITE_API_SECRET"  # noqa: S105 - the name of a variable
LOGIN_PAGE: Final = "https://kite.zerodha.com/connect/login"


def log_in(config: Path | None, api_key: str, request_token: str) -> str:
    """Exchange a request_token, store the login, and return the line to show.

    Raises TokenRefused if Kite refuses it, UsageError if something is missing and there is no
    terminal to ask at, ConfigError, FeedError.
    """
    kite = KiteConfig() if config is None else load_config(config).feed.kite
    key = api_key or os.environ.get(KEY_VARIABLE, "") or _ask("api_key", KEY_VARIABLE)
    key = key.strip()
    secret = _api_secret()
    pasted = request_token or _ask_request_token(key)
    with KiteHttp(kite.api_url, None) as http:
        try:
            login = http.exchange_token(
                key, Secret(cut_request_token(pasted)), secret, now=Clock().now_ns()
            )
        except TokenRefused as error:
            raise TokenRefused(
                f"{error}; a request_token works once and for a few minutes only,"
                f" and {SECRET_VARIABLE} must be the secret of this api_key"
            ) from error
    path = login_path(kite)
    write_credentials(path, login)
    until = iso_ist(valid_until(login.login_ts))[:16].replace("T", " ")
    return f"logged in: {path} holds the access token, valid until {until} IST"


def login_url(api_key: str) -> str:
    """Return the page that sends a browser back with a request_token."""
    return f"{LOGIN_PAGE}?v=3&api_key={quote(api_key, safe='')}"


def cut_request_token(text: str) -> str:
    """Return the request_token in what was pasted: the token, or the whole address of the redirect.

    Raises UsageError if there is no token in it, without showing what was pasted.
    """
    pasted = text.strip()
    if "request_token=" in pasted:
        try:
            found = parse_qs(urlsplit(pasted).query).get("request_token", [])
        except ValueError:
            found = []
        found = found or parse_qs(pasted.lstrip("?")).get("request_token", [])
        pasted = found[0].strip() if len(set(found)) == 1 else ""
    if not pasted.isascii() or not pasted.isalnum() or len(pasted) > 256:
        raise UsageError(
            "request_token: expected its letters and digits, or the whole address that the"
            " browser was sent to after the login (it holds request_token=...)"
        )
    return pasted


def _api_secret() -> Secret:
    found = os.environ.get(SECRET_VARIABLE, "").strip()
    return Secret(found or _ask("api_secret", SECRET_VARIABLE, hidden=True))


def _ask_request_token(api_key: str) -> str:
    say(f"log in at {login_url(api_key)}")
    return _ask("request_token, or the address you were sent to", "--request-token")


def _ask(what: str, otherwise: str, *, hidden: bool = False) -> str:
    """Return a line of the terminal. Raises UsageError if there is no one to answer."""
    if not sys.stdin.isatty():
        raise UsageError(f"{what}: not given and there is no terminal to ask at; set {otherwise}")
    try:
        return str(typer.prompt(what, hide_input=hidden)).strip()
    except typer.Abort:
        raise UsageError(f"{what}: not given, nothing was changed") from None
