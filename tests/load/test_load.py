"""The load test in small: it measures, and what does not depend on the machine holds."""

from __future__ import annotations

import pytest

from tests.load.__main__ import RSS_MAX_MB, STREAMS, api_figures_of, figures_of
from tests.load.paging import page_through
from tests.load.rounds import Exits, Session, trade, use_api, use_page

PAGE = {"rss_peak_mb": 100.0, "slowest_ms": 5.0, "streams": STREAMS}


def session(p50_us: float, p99_us: float, page: dict[str, object] | None = None) -> Session:
    return Session(Exits(100, p50_us, p99_us), page or {})


@pytest.mark.parametrize(
    ("later", "page", "passed"),
    [
        ((40.0, 290.0), PAGE, True),
        ((60.0, 0.0), PAGE, False),
        ((0.0, 310.0), PAGE, False),
        ((0.0, 0.0), PAGE | {"rss_peak_mb": RSS_MAX_MB + 1}, False),
        ((0.0, 0.0), PAGE | {"streams": {"200": 33, "503": 17}}, False),
    ],
)
def test_exits_that_are_late_and_pages_that_are_heavy_fail(
    later: tuple[float, float], page: dict[str, object], passed: bool
) -> None:
    pair = session(1_000, 5_000), session(1_000 + later[0], 5_000 + later[1], page)
    assert figures_of([pair])["passed"] is passed


@pytest.mark.ci
def test_a_page_in_heavy_use_answers_holds_its_limits_and_the_daemon_exits() -> None:
    found = trade(1, 5, use=use_page)
    assert found.exits.number > 0
    assert found.page["streams"] == STREAMS
    answers = found.page["answers"]
    good = sum(count for name, count in answers.items() if name.endswith(" 200"))
    busy = sum(count for name, count in answers.items() if name.endswith(" 503"))
    assert good + busy == sum(answers.values())
    assert good > busy  # 503 is the answer above the limit of connections and requests
    assert found.page["rss_peak_mb"] <= RSS_MAX_MB


@pytest.mark.parametrize(
    ("answers", "not_sent", "passed"),
    [({"place 200": 3}, 0, True), ({"place 503": 1}, 0, False), ({"place 200": 3}, 1, False)],
)
def test_programs_that_are_not_answered_fail(
    answers: dict[str, int], not_sent: int, passed: bool
) -> None:
    used = {"rss_peak_mb": 100.0, "reads": {}, "orders": {}, "answers": answers, "cpu_s": 1.0,
            "not_sent": not_sent}  # fmt: skip
    pair = session(1_000, 5_000), session(1_000, 5_000, used)
    assert api_figures_of([pair])["passed"] is passed


@pytest.mark.ci
def test_programs_read_and_their_orders_are_taken_while_the_daemon_trades() -> None:
    found = trade(1, 5, use=use_api)
    assert found.exits.number > 0
    assert {"/quote 200", "/orders 200", "place 200"} <= found.page["answers"].keys()
    assert found.page["reads"]["number"] > found.page["orders"]["number"] > 0
    assert found.page["rss_peak_mb"] <= RSS_MAX_MB


@pytest.mark.ci
def test_a_page_deep_in_a_long_history_takes_no_longer_than_its_first_ones() -> None:
    found = page_through(60_000)
    assert found["rows"] >= (found["pages"] - 1) * 500
    assert found["last_to_first"] <= 8  # one that reads all before it would read 13 times as much
    assert found["rss_peak_mb"] <= RSS_MAX_MB
