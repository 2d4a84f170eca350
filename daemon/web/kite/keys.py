"""The keys of the paper API: a file of its owner's, made at the first start and kept.

They are no keys of Kite's: each begins with `paper`, so that none is taken for a real one.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from daemon.errors import UsageError
from daemon.files.replace import replace_private

KEYS_FILE: Final = "kite_api.json"
KEYS_VERSION: Final = 1
PREFIX: Final = "paper"
_BYTES: Final = 24
_SHORTEST: Final = 24
_NO_SESSION: Final = ""


class Keys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `kite_api.json` holds. `request_token` may be exchanged as often as one likes."""

    version: int
    api_key: str
    api_secret: str
    request_token: str
    access_token: str
    """Empty after the session was invalidated, until the next login."""

    def checksum(self) -> str:
        """Return what a login proves that it knows the secret by."""
        return sha256(f"{self.api_key}{self.request_token}{self.api_secret}".encode()).hexdigest()


def new_keys() -> Keys:
    """Return new keys."""
    return Keys(
        version=KEYS_VERSION,
        api_key=f"{PREFIX}{secrets.token_hex(8)}",
        api_secret=_token(),
        request_token=_token(),
        access_token=_token(),
    )


def with_new_session(keys: Keys) -> Keys:
    """Return the same keys with another access token."""
    return msgspec.structs.replace(keys, access_token=_token())


def with_no_session(keys: Keys) -> Keys:
    """Return the same keys without a session."""
    return msgspec.structs.replace(keys, access_token=_NO_SESSION)


def read_or_make_keys(path: Path) -> Keys:
    """Return the keys of a file that is its owner's alone, made where it is missing.

    Raises UsageError where others may read it, or it cannot be read or written.
    """
    try:
        found = path.stat()
        if found.st_mode & 0o077:
            raise UsageError(f"{path}: other users may read it; remove it, and a new one is made")
        keys = msgspec.json.decode(path.read_bytes(), type=Keys)
    except FileNotFoundError:
        keys = new_keys()
        write_keys(path, keys)
        return keys
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise UsageError(f"{path}: is not what this program writes; remove it") from error
    secret = min(len(keys.api_secret), len(keys.request_token))
    if (
        keys.version != KEYS_VERSION
        or secret < _SHORTEST
        or 0 < len(keys.access_token) < _SHORTEST
        or not keys.api_key.startswith(PREFIX)
    ):
        raise UsageError(f"{path}: is of another version or too short; remove it")
    return keys


def write_keys(path: Path, keys: Keys) -> None:
    """Put keys into their file. Raises UsageError where it cannot be written."""
    try:
        replace_private(path, msgspec.json.format(msgspec.json.encode(keys), indent=1) + b"\n")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror})") from error


def is_equal(given: str, known: str) -> bool:
    """Compare a secret in constant time, whatever characters were given; nothing equals nothing."""
    same = hmac.compare_digest(given.encode("utf-8", "surrogateescape"), known.encode())
    return same and bool(known)


def _token() -> str:
    return secrets.token_urlsafe(_BYTES)
