"""What waits for its latency: nothing per tick before it is over, every tick from then on."""

from __future__ import annotations

from daemon.domain.instrument import Instrument
from daemon.exchange.waiting import WaitingFill, WaitingFills
from daemon.market.agenda import NEVER, Agenda, Phase
from daemon.market.book import WATCH_ALL, Book
from daemon.market.triggers import NO_LEVEL_BELOW
from tests.kit.market import Market


def make() -> tuple[WaitingFills, Book, Agenda]:
    book = Book(0, Instrument(instrument_token=1, tradingsymbol="F"))
    agenda = Agenda()
    return WaitingFills([book], agenda), book, agenda


def an_entry(order_id: str, due: int) -> WaitingFill:
    return WaitingFill(order_id, due, is_exit=False)


def test_a_book_is_armed_when_the_latency_is_over_and_not_before() -> None:
    waiting, book, agenda = make()
    waiting.add(book, an_entry("a", 50), now=10)
    assert (book.below, agenda.next_due) == (NO_LEVEL_BELOW, 50)
    assert agenda.pop_time(50) == (50, [(Phase.ARRIVAL, 0)])
    waiting.arrive(0, now=50)
    assert book.below == WATCH_ALL
    assert waiting.take_due(book, 50) == [an_entry("a", 50)]
    assert book.below == NO_LEVEL_BELOW


def test_what_is_due_already_waits_for_the_next_tick_and_asks_no_agenda() -> None:
    waiting, book, agenda = make()
    waiting.add(book, an_entry("a", 10), now=10)
    assert (book.below, agenda.next_due) == (WATCH_ALL, NEVER)


def test_an_order_that_is_dropped_leaves_its_book_at_rest_and_the_others_waiting() -> None:
    waiting, book, _ = make()
    waiting.add(book, an_entry("a", 10), now=10)
    waiting.add(book, an_entry("b", 60), now=20)
    waiting.drop(book, "a", now=20)
    assert book.below == NO_LEVEL_BELOW
    assert waiting.entries_at(0) == ["b"]
    assert waiting.take_due(book, 59) == []
    assert waiting.take_due(book, 60) == [an_entry("b", 60)]
    assert waiting.count_entries() == 0


def test_entries_and_exits_fill_in_the_order_in_which_they_began_to_wait() -> None:
    waiting, book, _ = make()
    fills = [
        an_entry("a", 10), WaitingFill("b", 11, is_exit=True), an_entry("c", 12), an_entry("d", 99),
    ]  # fmt: skip
    for at, fill in enumerate(fills):
        waiting.add(book, fill, now=at)
    assert waiting.entries_at(0) == ["a", "c", "d"]
    assert waiting.take_due(book, 20) == fills[:3]
    assert list(waiting.entries) == ["d"]


def test_ticks_before_the_latency_is_over_pass_the_engine_by() -> None:
    market = Market(latency_ms=3000)
    market.tick(100)
    market.signal("BUY", 25)
    book = market.engine.books[0]
    for price in (101, 102):
        market.tick(price)
        assert not book.expects_tick
    market.tick(103)
    assert market.moves()[-1] == ("ACTIVE", "active")
    assert market.position.entry_paise == 10300


def test_an_exit_without_a_symbol_cancels_nothing() -> None:
    market = Market(latency_ms=1500)
    market.tick(100)
    market.signal("BUY", 25)
    assert market.signal("EXIT", symbol="", strategy_id="other") == []
