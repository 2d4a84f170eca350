"""The tear sheet gets returns of the capital, and its page asks for nothing and runs nothing."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from daemon.cli.tearsheet import SHEET, write_run_tearsheet
from daemon.errors import UsageError
from daemon.lab import simulate
from daemon.lab.numbers import Days
from daemon.lab.tearsheet import inert, returns_of, write_tearsheet
from tests.kit import golden
from tests.kit.cli import ROOT

DAYS = Days(tuple(dt.date(2026, 11, day) for day in (16, 17, 18)), (100_000, -50_000, 0))
SHORT: dict[str, Any] = {
    "feed.replay.end": "2026-11-18T10:00:00", "capital_rupees": 500_000,
}  # fmt: skip
PAGE = (
    '<html><head><link rel="icon" href="https://a.example/i.ico"><script>go()</script></head>'
    '<body onload="save()">42</body></html>'
)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stands in for the libraries, which are 400 MB; holds what they were given."""
    told: dict[str, Any] = {}

    def html(returns: Any, **how: Any) -> None:
        told.update(how, returns=returns)
        Path(how["output"]).write_text(PAGE, encoding="utf-8")

    def series(values: list[float], index: Any, name: str) -> Any:
        return SimpleNamespace(values=values, index=index, name=name)

    stand_ins: dict[str, dict[str, Any]] = {
        "pandas": {"Series": series, "DatetimeIndex": list},
        "quantstats.reports": {"html": html},
        "matplotlib": {"use": lambda backend: told.update(backend=backend)},
    }
    for name, members in stand_ins.items():
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, "quantstats", ModuleType("quantstats"))
    return told


def test_returns_are_shares_of_the_capital_and_do_not_compound() -> None:
    assert returns_of(DAYS, 500_000) == [0.002, -0.001, 0.0]


def test_the_library_is_given_returns_and_never_equity(
    given: dict[str, Any], tmp_path: Path
) -> None:
    out = write_tearsheet(tmp_path / "t.html", "ema", DAYS, 500_000)
    assert given["returns"].values == [0.002, -0.001, 0.0]
    assert given["returns"].index == list(DAYS.dates)
    told = {name: given[name] for name in ("benchmark", "rf", "compounded", "periods_per_year")}
    assert told == {"benchmark": None, "rf": 0.0, "compounded": False, "periods_per_year": 252}
    assert given["backend"] == "Agg"
    assert "42" in out.read_text(encoding="utf-8")


def test_its_page_runs_nothing_and_fetches_nothing() -> None:
    page = inert(PAGE)
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page
    assert "onload" not in page
    assert "default-src 'none'" in page


def test_a_run_has_a_tear_sheet_of_its_own_days(given: dict[str, Any], tmp_path: Path) -> None:
    run = golden.replay(golden.SAMPLE, tmp_path, SHORT).directory
    result = simulate(ROOT / golden.SAMPLE, **SHORT)
    with pytest.raises(UsageError, match="expected at least 2 days, was 1"):
        write_run_tearsheet(run, None)
    with pytest.raises(UsageError, match="expected at least 2 days, was 1"):
        result.tearsheet(tmp_path / SHEET)
    assert given == {}


def test_without_a_capital_it_is_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="shares of capital_rupees"):
        write_tearsheet(tmp_path / "t.html", "ema", DAYS, None)


def test_without_the_extra_it_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("matplotlib", "pandas", "quantstats", "quantstats.reports"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UsageError, match=r"pip install 'run-fno-paper\[tearsheet\]'"):
        write_tearsheet(tmp_path / "t.html", "ema", DAYS, 500_000)
    assert not (tmp_path / "t.html").exists()


@pytest.mark.by_hand
def test_quantstats_itself_writes_it_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Needs the extra: `pip install 'run-fno-paper[tearsheet]'`."""
    pytest.importorskip("quantstats")
    import socket

    monkeypatch.setattr(socket.socket, "connect", None)
    dates = [dt.date(2026, 6, 1) + dt.timedelta(days=at) for at in range(60)]
    days = Days(tuple(dates), tuple(1_000 * (at % 7) - 2_500 for at in range(60)))
    page = write_tearsheet(tmp_path / "t.html", "ema", days, 500_000).read_text(encoding="utf-8")
    assert "Sharpe" in page
    assert "<script" not in page
    assert capfd.readouterr() == ("", "")
