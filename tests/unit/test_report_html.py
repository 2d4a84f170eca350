"""The page: one file, nothing from outside, nothing that runs but its own script."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from daemon.domain.events import Excursion
from daemon.metrics.fill_quality import FillProfile
from daemon.report import markup
from daemon.report.html import render_page, write_report
from daemon.report.model import Point, RunFacts
from daemon.report.reader import report_data_from_journal
from tests.kit.report_events import BANK_FUT, NIFTY_CE, EventScript, at, sample_day

PROFILE = FillProfile(mode="mid", slippage_bps=5, latency_ms=0)
FACTS = RunFacts(run_id="replay-1", profile=PROFILE, account="dev", refused_ticks={"late": 3})
VOID = {"meta", "input", "path", "line", "circle", "polyline", "polygon"}
MINUTE = 60_000_000_000
HEADINGS = (
    "Equity", "Drawdown", "Trades on the price", "Trades", "By strategy", "By symbol",
    "By exit reason", "Open at the end", "Orders refused",
)  # fmt: skip


class Page(HTMLParser):
    """Checks that tags are closed in order, and collects them with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
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
        self.text.append(data)

    def count(self, tag: str) -> int:
        return sum(each == tag for each, _ in self.tags)

    def words(self) -> str:
        return " ".join(self.text)


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
    assert page.count("svg") == 4  # equity, drawdown, two symbols
    marks = [attrs for tag, attrs in page.tags if tag == "path"]
    assert len(marks) == 8
    assert "\u22126,286.85" in shown


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
    assert "//" not in re.sub(r"sha256-[A-Za-z0-9+/=]+", "", page)
    for tag, attrs in Page(page).tags:
        assert tag not in {"link", "img", "iframe", "object", "base"}
        assert not {"src", "href", "srcset", "action"} & set(attrs)
        assert not [name for name in attrs if name.startswith("on")]


def test_only_the_pages_own_script_is_allowed_to_run() -> None:
    page = sample_page()
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page


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
    page = Page(
        render_page(report_data_from_journal(script.events, facts, prices={EVIL: prices()}))
    )
    assert page.count("script") == 1
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
    assert page.count("svg") == 0
    assert ("Lot size" in page.words()) is (quiet == "refused")


def test_prices_are_drawn_even_on_a_day_without_trades() -> None:
    page = Page(render_page(report_data_from_journal([], FACTS, prices={NIFTY_CE: prices()})))
    assert page.count("svg") == 1
    assert "Trades on the price" not in page.words()


def test_trades_without_recorded_prices_are_still_marked() -> None:
    page = Page(render_page(report_data_from_journal(sample_day().events, FACTS)))
    assert page.count("path") == 8


def test_a_marked_curve_is_drawn_beside_the_booked_one() -> None:
    equity = [(at("09:20:00"), 0), (at("10:00:00"), 50_000), (at("11:00:00"), -20_000)]
    data = report_data_from_journal(sample_day().events, FACTS, equity=equity)
    assert data.summary.drawdown.depth_paise == 70_000
    assert "marked to market" in Page(render_page(data)).words()


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
    assert "6 more symbols are in the tables only" in page.words()


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
