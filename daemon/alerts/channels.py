"""The channels: their addresses, which are secrets, and what each receives."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, NamedTuple
from urllib.parse import unquote

import msgspec
from msgspec import Meta

from daemon.errors import ConfigError
from daemon.files.secret_file import read_secret
from daemon.files.user import user_directory
from daemon.settings.alerts import AlertsConfig, ChannelConfig

CHANNELS_FILE: Final = "alerts.json"
BROKERS: Final = ("kite.trade", "zerodha.com")
"""Hosts that nothing of this program may send to, with all names below them."""
_WHAT: Final = "the channels' addresses"
_FORM: Final = '{"version": 1, "channels": {"NAME": "ADDRESS"}}'


class Address:
    """An address that shows itself only when asked: it is a secret."""

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the address."""
        return self._text

    def __repr__(self) -> str:
        return "Address(...)"


class Channel(NamedTuple):
    """One channel: what it receives, and where it is."""

    config: ChannelConfig
    address: Address

    @property
    def name(self) -> str:
        """Return its name."""
        return self.config.name

    def takes(self, kind: str) -> bool:
        """Return whether it receives messages of a kind; those about channels always."""
        kinds = self.config.kinds
        return not kinds or kind in kinds or kind == "channel"


class ChannelsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file: a name for each channel, and its address as Apprise writes it."""

    version: Annotated[int, Meta(ge=1, le=1)]
    channels: dict[Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,40}\Z")], str]


def channels_path(config: AlertsConfig) -> Path:
    """Return where the channels' file is. Raises ConfigError without a place for it."""
    if config.channels_file:
        return Path(config.channels_file).expanduser()
    directory = user_directory()
    if directory is None:
        raise ConfigError("alerts.channels_file: expected a file, as there is no home directory")
    return directory / CHANNELS_FILE


def read_channels(config: AlertsConfig) -> list[Channel]:
    """Return the channels of the file, with what the configuration says of them.

    Raises ConfigError; its text never has an address in it.
    """
    path = channels_path(config)
    try:
        data = read_secret(path, _WHAT)
    except ConfigError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise ConfigError(f"{error}; write {_FORM} to it, mode 0600 (docs/ALERTS.md)") from None
        raise
    try:
        file = msgspec.json.decode(data, type=ChannelsFile)
    except msgspec.MsgspecError:  # its message could quote an address
        raise ConfigError(f"{path}: expected {_FORM}, names of letters, digits and _ . -") from None
    if not file.channels:
        raise ConfigError(f"{path}: names no channel, so nothing could be told")
    configs = config.channels or [ChannelConfig(name=name) for name in file.channels]
    missing = [each.name for each in configs if each.name not in file.channels]
    if missing:
        known = ", ".join(file.channels)
        raise ConfigError(f"alerts.channels: {missing[0]!r} is not in {path}, which has: {known}")
    for name, address in file.channels.items():
        if problem := refused(address):
            raise ConfigError(f"{path}: channel {name!r}: {problem}")
    return [Channel(each, Address(file.channels[each.name])) for each in configs]


def refused(address: str) -> str:
    """Return why nothing is sent to an address, empty where it may be."""
    text = _plain(address)
    if "://" not in text:
        return "expected an address of Apprise, such as tgram://TOKEN/CHAT"
    if any(broker in text for broker in BROKERS):
        return "nothing of this program sends to a broker"
    if "redirect=" in text:
        return "redirects are not followed; leave `redirect` out"
    return ""


def _plain(address: str) -> str:
    """Return an address in small letters, with what is quoted in it, however often, unquoted."""
    text = address
    for _ in range(len(address)):
        fewer = unquote(text)
        if fewer == text:
            break
        text = fewer
    return "".join(text.lower().split())
