"""Who may look: a token in a file of its owner, exchanged for a session that only memory holds."""

from __future__ import annotations

import hmac
import secrets
from collections import deque
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from daemon.errors import UsageError
from daemon.files.replace import replace_private

TOKEN_FILE: Final = "web.json"  # noqa: S105 - the name of a file
TOKEN_FILE_VERSION: Final = 1
SESSION_S: Final = 12 * 3600
WRONG_MAX: Final = 5
WRONG_WITHIN_S: Final = 60.0
SESSIONS_MAX: Final = 64
_TOKEN_BYTES: Final = 32


class ApiKeys(NamedTuple):
    """The keys of the paper API, of which this file holds a copy; its own file is the original."""

    api_key: str = ""
    api_secret: str = ""
    request_token: str = ""
    access_token: str = ""


class TokenFile(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What `web.json` holds: all that lets a person or a program in."""

    version: int
    page_token: str
    api_key: str = ""
    api_secret: str = ""
    request_token: str = ""
    access_token: str = ""


def read_or_make_token(path: Path) -> str:
    """Return the page's token, made at the first start and kept from then on.

    The file is its owner's alone. Raises UsageError where it is not, cannot be read or written.
    """
    return _read_or_make(path).page_token


def put_api_keys(path: Path, keys: ApiKeys) -> None:
    """Put a copy of the API's keys next to the page's token. Raises UsageError."""
    kept = _read_or_make(path)
    now = msgspec.structs.replace(kept, **keys._asdict())
    if now != kept:
        _write(path, now)


def _read_or_make(path: Path) -> TokenFile:
    try:
        found = path.stat()
        if found.st_mode & 0o077:
            raise UsageError(f"{path}: other users may read it; remove it, and a new one is made")
        kept = msgspec.json.decode(path.read_bytes(), type=TokenFile)
    except FileNotFoundError:
        kept = TokenFile(version=TOKEN_FILE_VERSION, page_token=secrets.token_urlsafe(_TOKEN_BYTES))
        _write(path, kept)
        return kept
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise UsageError(f"{path}: is not what this program writes; remove it") from error
    if kept.version != TOKEN_FILE_VERSION or len(kept.page_token) < _TOKEN_BYTES:
        raise UsageError(f"{path}: is of another version or too short; remove it")
    return kept


def _write(path: Path, kept: TokenFile) -> None:
    try:
        replace_private(path, msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror})") from error


class Session(msgspec.Struct, frozen=True):
    """One login: a name for the limits of streams, the CSRF token, and when it ends."""

    name: str
    csrf: str
    ends_s: float


class TooManyWrong(Exception):
    """Wrong tokens were tried too often; the next try is a minute off."""


class Sessions:
    """The sessions by the hash of their cookie. Times are monotonic seconds."""

    def __init__(self, token: str) -> None:
        self._token: Final = _digest(token)
        self._sessions: dict[bytes, Session] = {}
        self._wrong: deque[float] = deque(maxlen=WRONG_MAX)

    def login(self, token: str, now_s: float) -> tuple[str, Session] | None:
        """Return a new cookie and its session, None for a wrong token. Raises TooManyWrong."""
        while self._wrong and now_s - self._wrong[0] >= WRONG_WITHIN_S:
            self._wrong.popleft()
        if len(self._wrong) >= WRONG_MAX:
            raise TooManyWrong
        if not hmac.compare_digest(self._token, _digest(token)):
            self._wrong.append(now_s)
            return None
        self._forget_old(now_s)
        cookie = secrets.token_urlsafe(_TOKEN_BYTES)
        session = Session(
            secrets.token_hex(8), secrets.token_urlsafe(_TOKEN_BYTES), now_s + SESSION_S
        )
        self._sessions[_digest(cookie)] = session
        return cookie, session

    def of(self, cookie: str, now_s: float) -> Session | None:
        """Return the session of a cookie, None without one that lasts."""
        session = self._sessions.get(_digest(cookie)) if cookie else None
        return session if session is not None and now_s < session.ends_s else None

    def logout(self, session: Session) -> None:
        """End a session; harmless twice."""
        self._sessions = {key: each for key, each in self._sessions.items() if each != session}

    def is_over(self, name: str, now_s: float) -> bool:
        """Return whether the session with a name has ended."""
        return not any(
            each.name == name and now_s < each.ends_s for each in self._sessions.values()
        )

    def _forget_old(self, now_s: float) -> None:
        living = [(key, each) for key, each in self._sessions.items() if now_s < each.ends_s]
        self._sessions = dict(living[-(SESSIONS_MAX - 1) :])


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogateescape")).digest()
