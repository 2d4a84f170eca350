"""W18: numbers for Prometheus that are the account's own, and whether all is well."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from daemon.domain.dates import ist_ns
from daemon.domain.instrument import Instrument
from daemon.journal.store import JournalStore
from daemon.metrics.histogram import Histogram
from daemon.settings.config import Config, FeedConfig
from daemon.web.monitoring.health import Health, health_of
from daemon.web.monitoring.samples import PREFIX, exposition, families
from daemon.web.sources.watched import Setup, Watched
from daemon.web.stream.follower import Follower
from tests.kit.sample_events import sample_events
from tests.kit.source import ROOT
from tests.kit.web import Page, page_of, write_journal

DASHBOARD = ROOT / "configs/grafana-dashboard.json"
DAY = dt.date(2026, 11, 18)
NOON, NIGHT = (ist_ns(DAY, dt.time(hour)) for hour in (12, 21))
CONFIG = Config(feed=FeedConfig(kind="kite"))
CONTRACT = Instrument(instrument_token=1, tradingsymbol="NIFTY26NOVFUT", expiry="2026-11-24")
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples_of(text: str) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_w18_the_numbers_are_those_of_the_ledger(page: Page) -> None:
    answer = await page.ask("/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found = samples_of(answer.body.decode())
    ledger = page.site.follower.book.ledger

    def value(name: str, **labels: str) -> float:
        return found[f"{PREFIX}{name}", tuple(sorted(labels.items()))]

    assert value("open_positions") == len(ledger.open_positions()) == 1
    assert value("journal_events_total") == ledger.seq
    for name, tally in ledger.strategies.items():
        assert value("realised_pnl_rupees", strategy=name) == tally.realized_paise / 100
    for reason, count in ledger.refusals.items():
        assert value("rejections_total", reason=reason) == count
    fills = sum(number for (name, _), number in found.items() if name.endswith("fills_total"))
    assert value("charges_rupees_total", kind="brokerage") == 20 * fills > 0
    states = {dict(k)["state"]: n for (name, k), n in found.items() if name.endswith("_state")}
    assert states == {"ACTIVE": 1, "REDUCING": 0, "HALTED": 0}
    entries = {
        dict(labels)["status"]: 0 for (name, labels) in found if name.endswith("orders_total")
    }
    for (name, labels), number in found.items():
        if name.endswith("orders_total"):
            entries[dict(labels)["status"]] += int(number)
    assert entries == {"COMPLETE": 3, "REJECTED": 2, "CANCELLED": 1}
    assert value("up") == 1  # the journal's lock is held
    assert (f"{PREFIX}ticks_received_total", ()) not in found  # a run that says nothing of it


def test_w18_every_name_has_the_prefix_and_a_base_unit(tmp_path: Path) -> None:
    follower = followed(tmp_path)
    found = {family.name: family.type for family in families(follower.view(NOON))}
    assert all(name.startswith(PREFIX) for name in found)
    assert not [name for name in found if re.search(r"_(ms|ns|paise|kb|pct)\b", name)]
    assert not [name for name in found if name.endswith("_total")]  # the library's to add
    follower.close()


def test_w18_the_dashboard_shows_only_what_is_exported_and_all_of_it(tmp_path: Path) -> None:
    follower = followed(tmp_path)
    ends = {"counter": "_total", "histogram": "_bucket"}
    exported = {family.name + ends.get(family.type, "") for family in families(follower.view(NOON))}
    follower.close()
    dashboard = json.loads(DASHBOARD.read_text())
    shown = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(rf"{PREFIX}\w+", target["expr"])
    }
    assert shown == exported
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def followed(place: Path, config: Config = CONFIG) -> Follower:
    directory = place / "accounts" / "a"
    with write_journal(directory, sample_events(archive=False)):
        pass
    follower = Follower(Watched(directory=directory, out=place, given=config))
    follower.setup = Setup(config=config, instruments=(CONTRACT,))
    follower.step(NOON)
    return follower


def test_w18_a_daemon_that_does_not_run_is_unwell_in_a_session_and_well_outside_it(
    tmp_path: Path,
) -> None:
    follower = followed(tmp_path)
    assert health_of(follower.view(NOON)) == Health(False, "no daemon runs")
    assert health_of(follower.view(NIGHT)) == Health(True, "no session is open")
    follower.close()


def test_w18_a_daemon_that_holds_its_account_is_well(tmp_path: Path) -> None:
    directory = tmp_path / "accounts" / "a"
    with write_journal(directory, sample_events()):
        follower = Follower(Watched(directory=directory, out=tmp_path, given=CONFIG))
        follower.setup = Setup(config=CONFIG, instruments=(CONTRACT,))
        follower.step(NOON)
        assert health_of(follower.view(NOON)) == Health(True, "the daemon trades")
        text = exposition(follower.view(NOON)).decode()
        follower.close()
    found = samples_of(text)
    assert found[f"{PREFIX}up", ()] == 1
    assert found[f"{PREFIX}process_resident_memory_bytes", ()] > 2**20


def test_w18_the_daemons_own_counts_come_from_its_metrics_file(tmp_path: Path) -> None:
    follower = followed(tmp_path)
    told = {"ticks": 7, "counters": {"reconnects": 2, "gaps": 3, "other": 9}}
    (tmp_path / "accounts/a/metrics.json").write_bytes(msgspec.json.encode(told))
    found = samples_of(exposition(follower.view(NOON)).decode())
    assert found[f"{PREFIX}ticks_received_total", ()] == 7
    assert found[f"{PREFIX}feed_reconnects_total", ()] == 2
    assert found[f"{PREFIX}feed_gaps_total", ()] == 3
    (tmp_path / "accounts/a/metrics.json").write_bytes(b"{")
    assert (f"{PREFIX}ticks_received_total", ()) not in samples_of(
        exposition(follower.view(NOON)).decode()
    )
    follower.close()


def test_w18_histograms_of_the_metrics_file_add_up_and_are_absent_where_they_are_not(
    tmp_path: Path,
) -> None:
    follower = followed(tmp_path)
    timing = Histogram()
    for seconds in (0.0001, 0.001, 0.002, 9.0):
        timing.observe(seconds)
    torn = {"bounds_s": [0.1], "counts": [1], "sum_s": 0.0}
    told = {"ticks": 7, "timings": {"loop_lag": timing.row(), "journal_fsync": torn}}
    (tmp_path / "accounts/a/metrics.json").write_bytes(msgspec.json.encode(told))
    found = samples_of(exposition(follower.view(NOON)).decode())
    follower.close()
    name = f"{PREFIX}loop_lag_seconds"
    buckets = {dict(labels)["le"]: count for (at, labels), count in found.items()
               if at == f"{name}_bucket"}  # fmt: skip
    assert buckets["0.00025"] == 1  # up to and with the bound, as the format has it
    assert (buckets["0.001"], buckets["0.0025"], buckets["2.5"], buckets["+Inf"]) == (2, 3, 3, 4)
    assert found[f"{name}_count", ()] == 4
    assert found[f"{name}_sum", ()] == pytest.approx(9.0031)
    for absent in ("tick_to_fill", "journal_fsync"):
        assert (f"{PREFIX}{absent}_seconds_count", ()) not in found
    assert found[f"{PREFIX}ticks_received_total", ()] == 7


async def test_w18_health_is_open_and_says_why(page: Page) -> None:
    answer = await page.ask("/healthz")
    assert answer.status == 200
    assert answer.json()["ok"] is True
    assert answer.json()["why"]


async def test_w18_without_a_token_only_this_machine_may_ask(store: JournalStore) -> None:
    page = page_of(store.directory)
    await page.site.look()
    for host in ("127.0.0.1:8500", "localhost:8500", "[::1]:8500"):
        assert (await page.ask("/metrics", host=host)).status == 200
    answer = await page.ask("/metrics", host="desk.example:8500")
    assert answer.status == 403
    page.site.follower.close()


@pytest.mark.parametrize(
    ("given", "status"),
    [("Bearer s3cret", 200), ("Bearer s3cre", 401), ("s3cret", 401), ("", 401),
     ("Bearer \u00e9", 401), ("Basic s3cret", 401)],
)  # fmt: skip
async def test_w18_with_a_token_nothing_else_opens_the_numbers(
    store: JournalStore, given: str, status: int
) -> None:
    page = page_of(store.directory)
    page.site.monitoring._token = "s3cret"
    await page.site.look()
    headers = {"authorization": given} if given else {}
    answer = await page.ask("/metrics", **headers)
    assert answer.status == status
    assert (b"fnopaper_" in answer.body) == (status == 200)
    page.site.follower.close()


async def test_w18_what_cannot_be_read_yet_is_said(tmp_path: Path) -> None:
    (tmp_path / "runs/none").mkdir(parents=True)
    page = page_of(tmp_path / "runs/none")
    await page.site.look()
    for path in ("/metrics", "/healthz"):
        answer = await page.ask(path)
        assert answer.status == 503
        assert b"cannot be read" in answer.body
    page.site.follower.close()
