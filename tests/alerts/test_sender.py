"""The sender: real requests to a service on this machine, nothing to a broker, no secret shown."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger

from daemon.alerts.channels import Address, read_channels, refused
from daemon.alerts.sender import NOT_TAKEN, AppriseSender
from daemon.errors import ConfigError
from daemon.settings.alerts import AlertsConfig, ChannelConfig
from tests.alerts.channel_server import SECRET, ChannelServer, channel_server


@pytest.fixture
def server() -> Iterator[ChannelServer]:
    with channel_server() as found:
        yield found


def channels_file(place: Path, channels: dict[str, str], mode: int = 0o600) -> AlertsConfig:
    path = place / "alerts.json"
    path.write_text(json.dumps({"version": 1, "channels": channels}))
    path.chmod(mode)
    return AlertsConfig(channels_file=str(path))


def test_w17_a_text_arrives_as_it_was_given(server: ChannelServer) -> None:
    sender = AppriseSender("phone", Address(server.address))
    assert sender.send("PAPER a", "one <b>&amp;\nRs 1,23,456.50") == ""
    [(path, got)] = server.got
    assert path == f"/{SECRET}"
    assert (got["title"], got["message"]) == ("PAPER a", "one <b>&amp;\nRs 1,23,456.50")


def test_w17_a_refusal_and_silence_are_failures_that_show_no_secret(
    server: ChannelServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    lines: list[str] = []
    sink = logger.add(lines.append, level=0, format="{message}")
    caplog.set_level(logging.DEBUG)
    try:
        sender = AppriseSender("phone", Address(server.address))
        server.status = 500
        assert sender.send("t", "x") == NOT_TAKEN
        dead = AppriseSender("phone", Address(f"json://user:{SECRET}@127.0.0.1:1/{SECRET}"))
        assert dead.send("t", "x") == NOT_TAKEN
    finally:
        logger.remove(sink)
    out, err = capfd.readouterr()
    assert SECRET not in f"{lines}{caplog.text}{out}{err}{sender!r}{Address(SECRET)!r}"
    assert SECRET not in str(vars(sender).get("name", ""))


def test_w17_a_redirect_is_not_followed(server: ChannelServer) -> None:
    sender = AppriseSender("phone", Address(server.address))
    server.status, server.location = 307, f"http://127.0.0.1:{server.server_port}/elsewhere"
    assert sender.send("t", "x") == NOT_TAKEN
    assert [path for path, _ in server.got] == [f"/{SECRET}"]


@pytest.mark.parametrize(
    "address",
    [
        "json://api.kite.trade/orders",
        "jsons://KITE.TRADE",
        "form://x:y@kite.zerodha.com:443/a",
        "json://%6bite.trade/",
        "json://%256bite.trade/",
        "json://api.kite.tra\tde/",
        "json://localhost/?+Host=api.kite.trade",
        "json://localhost/?redirect=yes",
        "mailto://user:secret@zerodha.com",
        "not an address",
        "",
    ],
)
def test_w17_nothing_is_sent_to_a_broker_or_after_a_redirect(address: str, tmp_path: Path) -> None:
    assert refused(address)
    with pytest.raises(ConfigError):
        AppriseSender("phone", Address(address))
    config = channels_file(tmp_path, {"phone": address})
    with pytest.raises(ConfigError, match="channel 'phone'") as found:
        read_channels(config)
    assert not address or address not in str(found.value)


def test_w17_the_file_of_addresses_must_be_its_owners_alone(tmp_path: Path) -> None:
    config = channels_file(tmp_path, {"phone": f"json://x/{SECRET}"}, 0o644)
    with pytest.raises(ConfigError, match=r"others can read it \(mode 0644\)"):
        read_channels(config)
    with pytest.raises(ConfigError, match=r"cannot be read .*; write \{.version.: 1"):
        read_channels(AlertsConfig(channels_file=str(tmp_path / "none")))


@pytest.mark.parametrize(
    "text",
    [
        f'{{"version": 2, "channels": {{"a": "json://{SECRET}"}}}}',
        f'{{"version": 1, "channels": {{"a": "json://{SECRET}"}}, "more": 1}}',
        f'{{"version": 1, "channels": {{"a": 5, "b": "json://{SECRET}"}}}}',
        f'{{"version": 1, "channels": {{"a b": "json://{SECRET}"}}}}',
        f'{{"version": 1, "channels": {{"a": "json://{SECRET}"',
        '{"version": 1, "channels": {}}',
    ],
)
def test_w17_a_file_that_is_not_understood_is_refused_and_not_quoted(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "alerts.json"
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(ConfigError) as found:
        read_channels(AlertsConfig(channels_file=str(path)))
    assert SECRET not in f"{found.value}{found.value.__cause__!r}"


def test_w17_a_channel_of_the_configuration_must_be_in_the_file(tmp_path: Path) -> None:
    config = channels_file(tmp_path, {"phone": "json://x/", "mail": "json://y/"})
    assert [each.name for each in read_channels(config)] == ["phone", "mail"]
    one = AlertsConfig(channels_file=config.channels_file, channels=[ChannelConfig(name="mail")])
    assert [each.name for each in read_channels(one)] == ["mail"]
    other = AlertsConfig(channels_file=config.channels_file, channels=[ChannelConfig(name="desk")])
    with pytest.raises(ConfigError, match=r"'desk' is not in .*, which has: phone, mail"):
        read_channels(other)
