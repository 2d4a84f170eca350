"""The page: one file, nothing from outside, nothing that runs but its own script."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from daemon.charts.files import SCRIPTS
from daemon.domain.events import Excursion
from daemon.metrics.fill_quality import FillProfile, whole_paise
from daemon.report import markup
from daemon.report.html import render_page, write_report
from daemon.report.model import Point, RunFacts
from daemon.report.periods import by_day, by_month
from daemon.report.reader import report_data_from_journal
from daemon.report.tables import money_text
from daemon.report.trade_charts import POINTS_MAX
from tests.kit.long_run import long_run
from tests.kit.report_events import BANK_FUT, NIFTY_CE, EventScript, at, sample_day

PROFILE = FillProfile(mode="mid", slippage_bps=5, latency_ms=0)
FACTS = RunFacts(run_id="replay-1", profile=PROFILE, account="dev", refused_ticks={"late": 3})
VOID = {"meta", "rect"}
MINUTE = 60_000_000_000
HEADINGS = (
    "Equity and drawdown", "Totals of closed trades", "By month", "By day", "Trades",
    "Trades on the price", "By strategy", "By symbol", "By exit reason", "Open at the end",
    "Orders refused",
)  # fmt: skip


class Page(HTMLParser):
    """Checks that tags are closed in order, and collects them with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        """What a reader sees: without styles, scripts and data."""
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.text.append(data)

    def count(self, tag: str) -> int:
        return sum(each == tag for each, _ in self.tags)

    def words(self) -> str:
        return " ".join(self.text)


def data_of(page: str) -> Any:
    """The block of data that the page's script reads."""
    (block,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    return json.loads(block)


def points(flat: list[int]) -> list[tuple[int, int]]:
    """A packed curve as (seconds, paise)."""
    return list(zip(itertools.accumulate(flat[::2]), itertools.accumulate(flat[1::2]), strict=True))


def without_scripts(page: str) -> str:
    return re.sub(r"(<script[^>]*>|<style>).*?(</script>|</style>)", "", page, flags=re.DOTALL)


def prices(*, minutes: int = 375, base: int = 10_000) -> list[Point]:
    return [(at("09:15:00") + m * MINUTE, base + m % 50 * 5) for m in range(minutes)]


def sample_page() -> str:
    series = {NIFTY_CE: prices(), BANK_FUT: prices(base=5_150_000)}
    return render_page(report_data_from_journal(sample_day().events, FACTS, prices=series))


def test_the_page_is_whole_and_shows_what_the_issue_asks_for() -> None:
    page = Page(sample_page())
    shown = page.words()
    for heading in HEADINGS:
        assert heading in shown
    assert "\u22126,286.85" in shown
    data = data_of(sample_page())
    assert [chart["symbol"] for chart in data["charts"]] == [BANK_FUT, NIFTY_CE]
    assert sum(len(chart["fills"]) for chart in data["charts"]) == 8
    assert all(chart["prices"] for chart in data["charts"])
    assert list(data["curves"]) == ["net", "closed", "drawdown"]


def test_what_must_not_fool_anyone_is_said() -> None:
    shown = Page(sample_page()).words()
    assert "mid fills, 5 bps slippage, no latency" in shown
    assert "Optimistic fills: 8 of 8" in shown
    for name in ("quote older than 1 s", "stale quote", "inside a candle", "after a gap"):
        assert name in shown
    assert "every fill with the spread paid" in shown
    assert "\u22124,837.50" in shown


def test_nothing_comes_from_outside() -> None:
    page = sample_page()
    assert "//" not in re.sub(r"sha256-[A-Za-z0-9+/=]+", "", without_scripts(page))
    assert "default-src 'none'" in page  # so that the libraries could fetch nothing either
    for tag, attrs in Page(page).tags:
        assert tag not in {"link", "img", "iframe", "object", "base"}
        assert not {"src", "href", "srcset", "action"} & set(attrs)
        assert not [name for name in attrs if name.startswith("on") or name == "style"]


def test_only_scripts_and_styles_that_the_policy_names_by_hash_are_there() -> None:
    page = sample_page()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    assert "unsafe" not in policy
    for tag, inside in (("script", 2 + len(SCRIPTS)), ("style", 4)):
        found = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digests = [base64.b64encode(hashlib.sha256(each.encode()).digest()) for each in found]
        named = " ".join(f"'sha256-{digest.decode()}'" for digest in digests)
        assert f"{tag}-src {named};" in f"{policy};"
        assert len(found) == inside


EVIL = "</td><script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;"


def test_markup_in_any_name_is_inert() -> None:
    script = EventScript()
    order_id = script.enter(at("09:20:00"), EVIL, "BUY", 50, 10_000, strategy=EVIL, rule=EVIL)
    script.leave(at("09:30:00"), order_id, 10_100, EVIL, quantity=25, rule=EVIL)
    script.refuse(at("09:31:00"), EVIL, EVIL)
    facts = RunFacts(
        run_id=EVIL,
        profile=FillProfile(mode=EVIL, slippage_bps=5, latency_ms=0),
        account=EVIL,
        engine=EVIL,
        feed=EVIL,
        version=EVIL,
        refused_ticks={EVIL: 1},
        quality={EVIL: 1},
        notes=[EVIL],
    )
    text = render_page(report_data_from_journal(script.events, facts, prices={EVIL: prices()}))
    page = Page(text)
    assert page.count("script") == 3 + len(SCRIPTS)  # the data, the charts, the page's two
    assert data_of(text)["charts"][0]["symbol"] == EVIL
    assert page.count("img") == 0
    assert not [attrs for _, attrs in page.tags if "onerror" in attrs]
    assert EVIL in page.words()


@pytest.mark.parametrize("quiet", ["nothing", "refused"])
def test_a_day_without_trades_is_told_without_curves(quiet: str) -> None:
    script = EventScript()
    if quiet == "refused":
        script.refuse(at("11:00:00"), NIFTY_CE, "lot_size")
    page = Page(render_page(report_data_from_journal(script.events, FACTS)))
    assert "No fills in this run" in page.words()
    assert "nothing to doubt" in page.words()
    assert data_of(render_page(report_data_from_journal(script.events, FACTS)))["charts"] == []
    assert ("Lot size" in page.words()) is (quiet == "refused")


def test_prices_are_drawn_even_on_a_day_without_trades() -> None:
    text = render_page(report_data_from_journal([], FACTS, prices={NIFTY_CE: prices()}))
    (chart,) = data_of(text)["charts"]
    assert len(points(chart["prices"])) > 300
    assert "Trades on the price" not in Page(text).words()


def test_trades_without_recorded_prices_are_still_marked() -> None:
    charts = data_of(render_page(report_data_from_journal(sample_day().events, FACTS)))["charts"]
    assert sum(len(chart["fills"]) for chart in charts) == 8
    assert not any(chart["prices"] for chart in charts)


def test_a_marked_curve_is_drawn_beside_the_booked_one() -> None:
    equity = [(at("09:20:00"), 0), (at("10:00:00"), 50_000), (at("11:00:00"), -20_000)]
    data = report_data_from_journal(sample_day().events, FACTS, equity=equity)
    assert data.summary.drawdown.depth_paise == 70_000
    curves = data_of(render_page(data))["curves"]
    assert points(curves["net"]) == [(ts // 10**9, paise) for ts, paise in equity]
    assert points(curves["closed"])[-1][1] == data.booked[-1][1]
    assert min(paise for _, paise in points(curves["drawdown"])) == -70_000


def test_the_best_and_worst_price_of_a_position_are_on_its_last_row() -> None:
    script = EventScript()
    order_id = script.enter(at("09:20:00"), NIFTY_CE, "BUY", 25, 10_000)
    seen = Excursion(best_paise=10_400, worst_paise=9_900)
    script.leave(at("09:30:00"), order_id, 10_100, "time_stop", excursion=seen)
    page = Page(render_page(report_data_from_journal(script.events, FACTS)))
    titles = [attrs.get("title") for tag, attrs in page.tags if tag == "td"]
    assert f"{order_id}, held 10m 00s, best 104.00, worst 99.00" in titles


def test_without_marks_the_last_recorded_price_counts() -> None:
    data = report_data_from_journal(
        sample_day().events, FACTS, prices={NIFTY_CE: [(at("15:29:00"), 11_700)]}
    )
    assert data.summary.open_rows[0].ltp_paise == 11_700


def test_a_thousand_trades_over_many_symbols_stay_small(tmp_path: Path) -> None:
    script = EventScript()
    symbols = [f"NIFTY26NOV{24_000 + 50 * at_symbol}CE" for at_symbol in range(30)]
    for number in range(1000):
        ts = at("09:20:00") + number * 20_000_000_000
        order_id = script.enter(ts, symbols[number % 30], "BUY", 75, 10_000 + number)
        script.leave(ts + MINUTE, order_id, 10_050 + number, "take_profit", stale=True)
    series = {each: prices(minutes=2000) for each in symbols}
    data = report_data_from_journal(script.events, FACTS, prices=series)
    path = write_report(tmp_path / "runs" / "report.html", data)
    assert path.stat().st_size < 2_000_000
    page = Page(path.read_text())
    assert page.count("tr") > 1000
    charts = data_of(path.read_text())["charts"]
    assert len(charts) == 30  # none is left out
    assert sum(len(points(chart["prices"])) for chart in charts) < 24_000 + 30 * 4


def test_the_same_journal_gives_the_same_page() -> None:
    assert sample_page() == sample_page()


HIDDEN = "A\x1b[2J\n\u202eB\u200b"


def test_nothing_invisible_from_outside_reaches_the_page() -> None:
    script = EventScript()
    order_id = script.enter(at("09:20:00"), HIDDEN, "BUY", 50, 10_000, strategy=HIDDEN, rule=HIDDEN)
    script.leave(at("09:30:00"), order_id, 10_100, HIDDEN, quantity=25, rule=HIDDEN)
    script.refuse(at("09:31:00"), HIDDEN, HIDDEN, strategy=HIDDEN, symbol_asked=HIDDEN)
    profile = FillProfile(mode=HIDDEN, slippage_bps=5, latency_ms=0)
    facts = RunFacts(
        run_id=HIDDEN, profile=profile, account=HIDDEN, engine=HIDDEN, feed=HIDDEN,
        version=HIDDEN, refused_ticks={HIDDEN: 1}, quality={HIDDEN: 1}, notes=[HIDDEN],
        strategies={HIDDEN: {}},
    )  # fmt: skip
    data = report_data_from_journal(script.events, facts, prices={HIDDEN: prices()})
    plain = sample_page()
    for char in "\x1b\u202e\u200b":
        assert char not in render_page(data)
        assert char not in plain
    assert r"A\x1b[2J\n\u202eB\u200b" in Page(render_page(data)).words()


def test_only_one_module_of_the_report_makes_markup_of_text() -> None:
    folder = Path(markup.__file__).parent
    users = [path.name for path in folder.glob("*.py") if "import escape" in path.read_text()]
    assert users == ["markup.py"]


def test_refused_orders_are_listed_with_time_and_numbers() -> None:
    script = EventScript()
    script.refuse(at("11:00:00"), NIFTY_CE, "max_open_positions", open=3, limit=3)
    shown = Page(render_page(report_data_from_journal(script.events, FACTS))).words()
    for text in ("11:00:00", "Max open positions", "open 3, limit 3", "V3-20261120-000001"):
        assert text in shown


DAY_NS = 86_400_000_000_000


def test_a_charts_axis_is_the_life_of_its_trades() -> None:
    script = EventScript()
    order_id = script.enter(at("10:00:00"), NIFTY_CE, "BUY", 25, 10_000, stop=9_500)
    script.leave(at("10:30:00"), order_id, 10_100, "time_stop")
    days = [(ts + day * DAY_NS, paise) for day in range(-60, 60) for ts, paise in prices()]
    page = render_page(report_data_from_journal(script.events, FACTS, prices={NIFTY_CE: days}))
    (chart,) = data_of(page)["charts"]
    times = [second for second, _ in points(chart["prices"])]
    assert times[0] == at("09:50:00") // 10**9
    assert times[-1] == at("10:40:00") // 10**9
    assert chart["levels"] == [[[[0, 9_500], [1_800, None]], []]]


def test_a_trade_that_is_carried_overnight_is_one_chart_to_its_exit() -> None:
    script = EventScript()
    order_id = script.enter(at("15:00:00"), NIFTY_CE, "BUY", 25, 10_000)
    script.leave(at("10:30:00") + 3 * DAY_NS, order_id, 10_100, "time_stop")
    days = [(ts + day * DAY_NS, paise) for day in range(5) for ts, paise in prices()]
    page = render_page(report_data_from_journal(script.events, FACTS, prices={NIFTY_CE: days}))
    (chart,) = data_of(page)["charts"]
    assert [fill[0] for fill in chart["fills"]] == [
        0,
        (3 * DAY_NS + at("10:30:00")) // 10**9 - at("15:00:00") // 10**9,
    ]
    assert points(chart["prices"])[-1][0] > chart["at"] + 2 * 86_400
    assert len(points(chart["prices"])) <= POINTS_MAX + 4


def test_tables_by_day_and_month_add_up_to_the_net_profit() -> None:
    data = long_run(days=30, trades_a_day=2)
    summary = data.summary
    for made in (by_day, by_month):
        groups = made(summary.exits, summary.open_rows)
        assert [group.name for group in groups] == sorted(group.name for group in groups)
        assert sum(group.gross_paise for group in groups) == summary.fill_quality.gross_paise
        charges = sum((group.charges for group in groups), Decimal(0))
        assert whole_paise(charges) == summary.fill_quality.charges_paise
    assert len(by_day(summary.exits, ())) == 30
    assert [group.name for group in by_month(summary.exits, ())] == ["2026-06", "2026-07"]


def test_totals_are_there_without_a_script() -> None:
    summary = report_data_from_journal(sample_day().events, FACTS).summary
    found = dict(re.findall(r'id="total-(\w+)"[^>]*>([^<]*)<', sample_page()))
    assert found["exits"] == str(len(summary.exits))
    assert found["trades"] == str(summary.numbers.trades)
    assert found["gross"] == money_text(summary.fill_quality.gross_paise)
    shown = Page(sample_page()).words()
    assert "Charts need JavaScript; the tables have every number." in shown
