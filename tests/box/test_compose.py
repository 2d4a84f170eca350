"""The services in containers: who can reach them, which versions, where secrets come from."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
import yaml

from daemon.main import app
from tests.kit.cli import ROOT

BOX: Final = ROOT / "configs/box"
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((BOX / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
OURS: Final = ("processes", "daemon", "web", "follow")
OTHERS: Final = ("prometheus", "grafana")


def test_the_services_are_the_daemon_its_faces_and_the_monitor() -> None:
    assert set(SERVICES) == {*OURS, *OTHERS}


@pytest.mark.parametrize("name", SERVICES)
def test_a_port_is_open_on_this_machine_alone(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port), port
    assert SERVICES[name].get("network_mode") != "host"


def test_only_the_page_kites_api_and_the_monitor_have_ports() -> None:
    found = {port for each in SERVICES.values() for port in each.get("ports", [])}
    assert found == {f"127.0.0.1:{port}:{port}" for port in (8500, 8501, 9090, 3000)}


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_has_a_read_only_root_no_capability_and_no_root_user(name: str) -> None:
    service = SERVICES[name]
    assert (service["user"], service["read_only"]) == ("10001:10001", True)
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "mem_limit" in service
    assert not service.get("privileged")


@pytest.mark.parametrize("name", OURS)
def test_the_image_is_what_the_user_sets(name: str) -> None:
    assert SERVICES[name]["image"].startswith("${IMAGE:?")


@pytest.mark.parametrize("name", OTHERS)
def test_the_monitor_has_an_exact_version_and_a_digest_that_the_user_may_set(name: str) -> None:
    pinned = rf"[a-z]+/{name}:v?\d+\.\d+\.\d+\$\{{{name.upper()}_DIGEST:-\}}"
    assert re.fullmatch(pinned, SERVICES[name]["image"])


def test_no_secret_is_in_the_file_or_in_a_variable() -> None:
    variables = SERVICES["grafana"]["environment"]
    assert variables["GF_SECURITY_ADMIN_PASSWORD__FILE"] == "/run/secrets/grafana_password"
    assert "GF_SECURITY_ADMIN_PASSWORD" not in variables
    assert {name for name, each in SERVICES.items() if "environment" in each} == {"grafana"}
    assert all(list(each) == ["file"] for each in COMPOSE["secrets"].values())
    for service in SERVICES.values():
        assert set(service.get("secrets", [])) <= COMPOSE["secrets"].keys()


def test_daemon_and_faces_see_each_others_locks_and_survive_each_other() -> None:
    for name in ("daemon", "web", "follow"):
        assert SERVICES[name]["pid"] == "service:processes"
        assert "depends_on" in SERVICES[name]
    assert "pid" not in SERVICES["processes"]
    assert SERVICES["processes"]["init"] is True


def test_a_day_that_is_over_is_not_started_again() -> None:
    assert SERVICES["daemon"]["restart"].startswith("on-failure")
    assert {SERVICES[name]["restart"] for name in ("web", "follow", *OTHERS)} == {"unless-stopped"}


def test_the_commands_are_those_of_the_program() -> None:
    names = {
        each.name or each.callback.__name__ for each in app.registered_commands if each.callback
    }
    for name in ("web", "follow"):
        assert SERVICES[name]["command"][0] in names
    assert SERVICES["daemon"]["command"][0] == "--config"


def test_what_is_mounted_from_here_exists() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            if volume.startswith("."):
                assert (BOX / volume.split(":")[0]).is_file()


def test_prometheus_asks_the_page_with_its_token_and_grafana_asks_prometheus() -> None:
    asked = yaml.safe_load((BOX / "prometheus.yml").read_text(encoding="utf-8"))
    [job] = asked["scrape_configs"]
    assert job["metrics_path"] == "/metrics"
    assert job["authorization"]["credentials_file"] == "/run/secrets/metrics_token"
    assert job["static_configs"] == [{"targets": ["web:8500"]}]
    source = yaml.safe_load((BOX / "grafana/datasource.yaml").read_text(encoding="utf-8"))
    [found] = source["datasources"]
    assert (found["type"], found["url"]) == ("prometheus", "http://prometheus:9090")
