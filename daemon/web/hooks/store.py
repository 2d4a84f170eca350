"""The hooks of an account: a file of its owner's, which has no token but its hash."""

from __future__ import annotations

import secrets
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from daemon.errors import UsageError
from daemon.files.replace import replace_private

HOOKS_FILE: Final = "hooks.json"
VERSION: Final = 1
TOKEN_BYTES: Final = 32
AT_MOST: Final = 5
HookId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,40}\Z")]
Map = Literal["tradingview", "chartink"]
Action = Literal["", "BUY", "SELL", "EXIT"]


class Hook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One address: whose intents its messages become, and what they may ask for at most."""

    id: HookId
    hash: str
    """Hexadecimal SHA-256 of its token."""
    strategy: Annotated[str, Meta(min_length=1, max_length=40)]
    map: Map
    action: Action = ""
    """For messages that name none."""
    lots: Annotated[int, Meta(ge=1, le=10_000)] = 1
    """For messages that name none; none may ask for more."""
    at_most: Annotated[int, Meta(ge=1, le=10)] = AT_MOST
    """Symbols of one message that are traded; the others are left out."""
    symbols: dict[str, str] = {}
    """The name in a message -> the contract; empty: any contract of the universe by its name."""


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: int
    hooks: list[Hook]


def hash_of(token: str) -> str:
    """Return what the file keeps of a token."""
    return sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def new_token() -> str:
    """Return a token of random bytes, for an address."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def read_hooks(path: Path) -> list[Hook]:
    """Return the hooks of a file, none without one.

    Raises UsageError where others may read it, or it is not what this program writes.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise UsageError(f"{path}: other users may read it; chmod 600 it")
        kept = msgspec.json.decode(path.read_bytes(), type=_File)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise UsageError(f"{path}: is not what this program writes ({error})") from error
    if kept.version != VERSION:
        raise UsageError(f"{path}: is of version {kept.version}, this program reads {VERSION}")
    return kept.hooks


def write_hooks(path: Path, hooks: list[Hook]) -> None:
    """Put hooks into their file. Raises UsageError where it cannot be written."""
    body = msgspec.json.encode(_File(version=VERSION, hooks=hooks))
    try:
        replace_private(path, msgspec.json.format(body, indent=1) + b"\n")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror})") from error


class HookBook:
    """The hooks by their tokens, read again whenever their file was replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._hooks: dict[str, Hook] = {}

    def of(self, token: str) -> Hook | None:
        """Return the hook of a token, None without one. Raises UsageError."""
        try:
            found = self._path.stat()
            seen = (found.st_mtime_ns, found.st_ino)
        except OSError:
            seen = None
        if seen != self._seen or seen is None:
            self._hooks = {each.hash: each for each in read_hooks(self._path)}
            self._seen = seen
        return self._hooks.get(hash_of(token))
