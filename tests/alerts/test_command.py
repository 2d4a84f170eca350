"""`run_fno_paper follow`, as it is started by hand."""

from __future__ import annotations

import json
from pathlib import Path

from tests.alerts.channel_server import SECRET, channel_server
from tests.alerts.rig import outbox_at
from tests.kit.cli import invoke
from tests.kit.sample_events import sample_events
from tests.kit.web import write_journal


def config_of(place: Path, address: str) -> Path:
    path = place / "alerts.json"
    path.touch(0o600)
    path.write_text(json.dumps({"version": 1, "channels": {"phone": address}}))
    config = place / "a.yaml"
    config.write_text(
        f"version: 1\naccount: a\nout: {place}\nalerts: {{channels_file: alerts.json}}\n"
    )
    return config


def test_w17_a_test_says_of_each_channel_whether_it_takes_messages(tmp_path: Path) -> None:
    with channel_server() as server:
        config = config_of(tmp_path, server.address)
        done = invoke("follow", "--config", config, "--test")
        assert (done.code, done.out) == (0, "phone: taken\n")
        assert server.taken == ["a test of run_fno_paper"]
        server.status = 500
        done = invoke("follow", "--config", config, "--test")
    assert done.code == 69
    assert done.out.startswith("phone: its service did not take the message")
    assert SECRET not in done.out + done.err


def test_w17_a_second_one_of_an_account_is_refused_in_a_line(tmp_path: Path) -> None:
    directory = tmp_path / "accounts" / "a"
    with write_journal(directory, sample_events()):
        pass
    config = config_of(tmp_path, "json://127.0.0.1:1/x")
    with outbox_at(directory):
        done = invoke("follow", "--config", config)
    assert done.code == 75
    assert done.err.endswith("another process sends these alerts already\n")
