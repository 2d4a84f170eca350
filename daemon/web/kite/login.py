"""Who may ask: the login of Kite Connect, against keys that this machine made itself."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final

from daemon.broker.kite_rows import wall_time
from daemon.errors import UsageError
from daemon.process.clock import MACHINE_CLOCKS
from daemon.web.kite.call import Call
from daemon.web.kite.errors import away, bad_token, not_on_paper
from daemon.web.kite.keys import (
    PREFIX,
    Keys,
    is_equal,
    read_or_make_keys,
    with_new_session,
    with_no_session,
    write_keys,
)
from daemon.web.kite.user_fields import session_fields

SCHEME: Final = "token "
REAL_KEY: Final = "this is the paper API; a real key has no business here"
_WRONG: Final = "Incorrect `api_key` or `access_token`."


class Login:
    """The one pair of keys of an account, and its one session."""

    def __init__(self, path: Path, account: str, tell: Callable[[Keys], None]) -> None:
        """Read the keys, or make them; `tell` hears of them now and at each change.

        Raises UsageError.
        """
        self._path = path
        self._account = account
        self._tell = tell
        self.on_end: Callable[[], None] = lambda: None
        """Called when the session is invalidated: what it opened ends with it."""
        self._keys = read_or_make_keys(path)
        tell(self._keys)

    def is_session(self, api_key: str, access_token: str) -> bool:
        """Return whether both are those of the session; the socket of prices asks this."""
        key, token = self._keys.api_key, self._keys.access_token
        return is_equal(api_key, key) & is_equal(access_token, token)

    def postback_checksum(self, order_id: str, timestamp: str) -> str:
        """Return what proves to a client that a postback comes from here."""
        return sha256(f"{order_id}{timestamp}{self._keys.api_secret}".encode()).hexdigest()

    def check(self, header: str) -> None:
        """Let a request with this `Authorization` through. Raises KiteError, 403."""
        scheme, given = header[: len(SCHEME)], header[len(SCHEME) :]
        api_key, colon, access_token = given.strip().partition(":")
        if scheme.lower() != SCHEME or not colon:
            raise bad_token("expected `Authorization: token api_key:access_token`")
        _refuse_real(api_key)
        if not self.is_session(api_key, access_token):
            raise bad_token(_WRONG)

    async def exchange(self, call: Call) -> object:
        """Exchange the request token for the session's."""
        form = await call.form()
        keys = self._keys
        api_key = form.text("api_key")
        _refuse_real(api_key)
        is_known = is_equal(form.text("checksum"), keys.checksum())
        is_known &= is_equal(api_key, keys.api_key)
        is_known &= is_equal(form.text("request_token"), keys.request_token)
        if not is_known:
            raise bad_token("Token is invalid or has expired: `kite_api.json` has the keys.")
        if not keys.access_token:
            self._change(with_new_session(keys))
        return session_fields(self._account, self._keys, wall_time(MACHINE_CLOCKS.wall_ns()))

    async def invalidate(self, call: Call) -> object:
        """End the session; the next login makes another access token."""
        query = call.query
        if query.text("refresh_token", ""):
            raise not_on_paper("the paper API has no refresh tokens")
        if not self.is_session(query.text("api_key"), query.text("access_token")):
            raise bad_token(_WRONG)
        self._change(with_no_session(self._keys))
        self.on_end()
        return True

    def _change(self, keys: Keys) -> None:
        try:
            write_keys(self._path, keys)
        except UsageError as error:
            raise away(str(error)) from error
        self._keys = keys
        self._tell(keys)


def _refuse_real(api_key: str) -> None:
    if not api_key.startswith(PREFIX):
        raise bad_token(REAL_KEY)
