"""Read and write the login's file safely, and show none of its secrets.

The file is JSON: `{"version": 1, "api_key": .., "access_token": .., "login_ts": ..}`. It holds no
API secret: that is used once, at login, and never stored.
"""

from __future__ import annotations

import hmac
import os
import stat
from pathlib import Path
from typing import Annotated, Final, NamedTuple, NoReturn

import msgspec

from daemon.errors import ConfigError, TokenRefused
from daemon.files.replace import replace_private
from daemon.files.user import user_directory
from daemon.settings.config import KiteConfig
from feeds.kite.token_end import valid_until

CREDENTIALS_VERSION: Final = 1
SYSTEMD_DIRECTORY: Final = "CREDENTIALS_DIRECTORY"
"""Names the directory of the credentials that a systemd unit loads with LoadCredential."""
SYSTEMD_NAME: Final = "kite.json"
_NO_HOME: Final = (
    "{}: no home directory is known; set HOME, or name a full path under feed.kite.credentials_file"
)
LOG_IN: Final = "log in with `run_fno_paper login`"
_FILE_BYTES_MAX: Final = 65_536
_OTHERS: Final = 0o077
_WORD: Final = r"^[A-Za-z0-9_.-]{1,256}\Z"
"""Keys and tokens go into headers and addresses unescaped, so no other character is accepted."""


class Secret:
    """Text that shows as `***` wherever it is printed, logged or formatted.

    It compares in constant time, has no hash, and refuses to be pickled, copied or encoded.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """Return the text itself; only for the request that needs it."""
        return self.__value

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__value.encode(), other.__value.encode())

    __hash__ = None  # type: ignore[assignment]  # a hash would reveal which secrets are equal

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not to be stored")


class Credentials(NamedTuple):
    """The credentials that sign a request to Kite; `login_ts` is the time of the login, UTC ns."""

    api_key: str
    access_token: Secret
    login_ts: int


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    api_key: Annotated[str, msgspec.Meta(pattern=_WORD)]
    access_token: Annotated[str, msgspec.Meta(pattern=_WORD)]
    login_ts: Annotated[int, msgspec.Meta(ge=0, lt=2**62)]


def is_expired(login_ts: int, now: int) -> bool:
    """Return whether a token of this login must have ended by `now` (both UTC ns).

    Only for a clear message: Kite decides, and may end a token earlier.
    """
    return now >= valid_until(login_ts)


def credentials_path(config: KiteConfig) -> Path:
    """Return where credentials are read from.

    That is `credentials_file`, else the service manager's credential `kite.json` if there is one,
    else the user's own file.
    """
    handed = _handed_over()
    if not config.credentials_file and handed is not None and _is_there(handed):
        return handed
    return login_path(config)


def login_path(config: KiteConfig) -> Path:
    """Return where a login writes: `credentials_file`, else the user's own file.

    Never the service manager's copy, which is replaced at each start of the service.
    """
    if config.credentials_file:
        return _in_home(config.credentials_file)
    directory = user_directory()
    if directory is None:
        raise ConfigError(_NO_HOME.format("~/.config"))
    return directory / SYSTEMD_NAME


def _in_home(text: str) -> Path:
    """Return the path with `~` replaced. Raises ConfigError if no home directory is known."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ConfigError(_NO_HOME.format(text)) from error


def read_credentials(path: Path) -> Credentials:
    """Read the stored login.

    Raises TokenRefused if there is no file, ConfigError if others can read it or it is not a
    credentials file. No message shows its content.
    """
    data = _read_private(path)
    try:
        version = msgspec.json.decode(data, type=dict[str, object]).get("version")
        if version != CREDENTIALS_VERSION:
            raise ConfigError(
                f"{path}: credentials of another version than {CREDENTIALS_VERSION}; {LOG_IN}"
            )
        found = msgspec.json.decode(data, type=_File)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        # Without a cause: a decoder's message may quote what it read.
        kind = type(error).__name__
        raise ConfigError(f"{path}: not a credentials file ({kind}); {LOG_IN}") from None
    return Credentials(found.api_key, Secret(found.access_token), found.login_ts)


def write_credentials(path: Path, credentials: Credentials) -> None:
    """Store a login in a file that only its owner can read, from the first byte on.

    A reader sees the old file or the new one, never a part. Raises ConfigError if it cannot be
    written, or if the values are not of Kite's form.
    """
    file = _File(
        version=CREDENTIALS_VERSION,
        api_key=credentials.api_key,
        access_token=credentials.access_token.reveal(),
        login_ts=credentials.login_ts,
    )
    data = msgspec.json.encode(file)
    try:
        msgspec.json.decode(data, type=_File)
    except msgspec.ValidationError:
        raise ConfigError(
            "api_key and access_token: expected 1 to 256 letters, digits, '_', '.' or '-'"
        ) from None
    try:
        path.absolute().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_private(path.absolute(), data + b"\n")
    except OSError as error:
        raise ConfigError(
            f"{path}: the login cannot be stored ({_reason(error)});"
            " set feed.kite.credentials_file to a place that can be written"
        ) from error


def _read_private(path: Path) -> bytes:
    try:
        # Non-blocking: a pipe in its place would wait for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise TokenRefused(f"{path}: no login is stored there; {LOG_IN}") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({_reason(error)}); {LOG_IN}") from error
    try:
        # Check the opened file, not the name, which may refer to another file by now.
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError(f"{path}: expected a file; {LOG_IN}")
        if status.st_mode & _OTHERS and not _is_handed_over(path):
            mode = stat.S_IMODE(status.st_mode)
            raise ConfigError(
                f"{path}: others can use it (mode {mode:04o}) and it holds an access token;"
                f" run: chmod 600 {path}"
            )
        return os.read(handle, _FILE_BYTES_MAX)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({_reason(error)}); {LOG_IN}") from error
    finally:
        os.close(handle)


def _handed_over() -> Path | None:
    directory = os.environ.get(SYSTEMD_DIRECTORY)
    return Path(directory) / SYSTEMD_NAME if directory else None


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True  # in a directory without access: reading it gives the reason


def _is_handed_over(path: Path) -> bool:
    """Return whether the service manager keeps this file, in memory and guarded by it."""
    handed = _handed_over()
    return handed is not None and path.absolute() == handed.absolute()


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else type(error).__name__
