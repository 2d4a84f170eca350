"""Charges as a day's contract note rounds them, beside the exact ones that P&L uses."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.events import Charges
from daemon.domain.instrument import Instrument, InstrumentType
from daemon.domain.order import Side
from daemon.metrics.fill_quality import FillProfile
from daemon.report.html import render_page
from daemon.report.model import RunFacts
from daemon.report.reader import report_data_from_journal
from daemon.report.summary import summarize, summary_dict
from daemon.report.terminal import summary_text
from daemon.rules import load_rulebook
from daemon.rules.contract_note import LINES, contract_note
from tests.kit.report_events import NIFTY_CE, EventScript, at

RULES = load_rulebook()
FACTS = RunFacts(run_id="r", profile=FillProfile(mode="ltp", slippage_bps=0, latency_ms=0))
NOV_2026, NOV_2025 = dt.date(2026, 11, 18), dt.date(2025, 11, 18)
Leg = tuple[Side, int, int]


def charged(kind: InstrumentType, date: dt.date, leg: Leg) -> Charges:
    contract = Instrument(instrument_token=1, tradingsymbol="X", name="NIFTY", instrument_type=kind)
    side, quantity, price = leg
    return RULES.charges(
        date, contract, transaction_type=side, quantity=quantity, price_paise=price
    )


VECTORS: list[tuple[InstrumentType, dt.date, Leg, Leg, str, str]] = [
    ("FUT", NOV_2026, ("BUY", 65, 2_340_000), ("SELL", 65, 2_345_000),
     "40 762 55.73 3.05 30.42 17.78", "908.98"),
    ("CE", NOV_2026, ("BUY", 65, 12_000), ("SELL", 65, 14_050),
     "40 14 6.02 0.02 0.23 8.29", "68.56"),
    ("PE", NOV_2025, ("SELL", 35, 35_000), ("BUY", 35, 29_000),
     "40 12 7.96 0.02 0.30 8.64", "68.92"),
    ("FUT", NOV_2026, ("SELL", 50, 91_240), ("BUY", 50, 90_500),
     "27.26 23 1.66 0.09 0.91 5.22", "58.14"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "date", "entry", "exit_", "lines", "total"), VECTORS, ids=["A", "B", "C", "D"]
)
def test_the_note_of_a_run_has_the_lines_of_the_worked_examples(
    kind: InstrumentType, date: dt.date, entry: Leg, exit_: Leg, lines: str, total: str
) -> None:
    script = EventScript()
    opened = script.enter(
        at("10:00:00", date), NIFTY_CE, *entry, charges=charged(kind, date, entry)
    )
    script.leave(
        at("10:05:00", date), opened, exit_[2], "time_stop", charges=charged(kind, date, exit_)
    )
    shown = summary_dict(summarize(script.events, FACTS, marks={}))
    [note] = shown["contract_notes"]
    assert list(note) == ["date", *LINES, "total"]
    assert note["date"] == date.isoformat()
    assert [note[line] for line in LINES] == [float(each) for each in lines.split()]
    assert note["total"] == shown["contract_notes_total"] == float(total)
    exact = sum((Decimal(charged(kind, date, each).total) for each in (entry, exit_)), Decimal(0))
    assert shown["charges"] == float(round(exact, 2)), "P&L goes on using the exact charges"


def test_example_e_an_exercised_option_pays_whole_rupees_of_stt() -> None:
    option = Instrument(instrument_token=1, tradingsymbol="X", instrument_type="CE")
    charges = RULES.exercise_charges(NOV_2026, option, sign=1, quantity=65, intrinsic_paise=11_235)
    assert Decimal(charges.transaction_tax) == Decimal("10.954125")
    note = contract_note([charges])
    assert note.stt == note.total == 11


def two_days() -> EventScript:
    script = EventScript()
    for day in (NOV_2026, NOV_2026 + dt.timedelta(days=1)):
        for hour in ("10", "11"):
            bought = script.enter(
                at(f"{hour}:00:00", day), NIFTY_CE, "BUY", 65, 12_000,
                charges=charged("CE", day, ("BUY", 65, 12_000)),
            )  # fmt: skip
            script.leave(
                at(f"{hour}:05:00", day), bought, 14_050, "time_stop",
                charges=charged("CE", day, ("SELL", 65, 14_050)),
            )  # fmt: skip
    return script


def test_each_day_has_its_note_and_stt_is_rounded_once_a_day() -> None:
    summary = summarize(two_days().events, FACTS, marks={})
    dates = [date for date, _ in summary.contract_notes]
    assert dates == [NOV_2026, NOV_2026 + dt.timedelta(days=1)]
    for _, note in summary.contract_notes:
        assert note.stt == 27, "2 x 13.69875 is 27.3975, not twice 14"
    assert summary.contract_notes_total == sum(note.total for _, note in summary.contract_notes)


def test_a_fill_belongs_to_the_note_of_the_day_it_was_due_on() -> None:
    script = two_days()
    late = script.events[-1]
    due = at("15:20:00", NOV_2026 - dt.timedelta(days=1))
    moved = type(late)(**{each: getattr(late, each) for each in late.__struct_fields__} | {
        "due_ts": due,
    })  # fmt: skip
    summary = summarize([*script.events[:-1], moved], FACTS, marks={})
    assert summary.contract_notes[0][0] == NOV_2026 - dt.timedelta(days=1)


def test_the_terminal_and_the_page_show_the_note_beside_the_exact_charges() -> None:
    script = two_days()
    text = summary_text(summarize(script.events, FACTS, marks={}))
    [exact] = [each.split() for each in text.splitlines() if each.startswith("  charges  ")]
    [noted] = [each.split() for each in text.splitlines() if "charges on contract notes" in each]
    assert (exact[-1], noted[-1]) == ("273.01", "272.20")
    page = render_page(report_data_from_journal(script.events, FACTS))
    assert "<h2>Contract notes</h2>" in page
    assert page.count("136.10") == 2


def test_without_charges_no_note_is_shown() -> None:
    script = EventScript()
    script.enter(at("10:00:00"), NIFTY_CE, "BUY", 65, 12_000, charges=Charges())
    assert "contract notes" not in summary_text(summarize(script.events, FACTS, marks={}))
    page = render_page(report_data_from_journal(script.events, FACTS))
    assert "Contract notes" not in page


@given(
    legs=st.lists(
        st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 10**5), st.integers(1, 10**7)),
        max_size=10,
    )
)
def test_no_line_is_further_from_the_exact_sum_than_half_its_step(legs: list[Leg]) -> None:
    orders = [charged("CE", NOV_2026, leg) for leg in legs]
    note = contract_note(orders)
    for line, field in LINES.items():
        exact = sum((Decimal(getattr(each, field)) for each in orders), Decimal(0))
        half = Decimal("0.5") if line == "stt" else Decimal("0.005")
        assert abs(getattr(note, line) - exact) <= half
