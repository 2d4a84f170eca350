"""W17, the channels: in order, at least once, joined where they wait, given up and told."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.alerts.delivery import (
    FIRST_WAIT_NS,
    GIVEN_UP_AFTER_NS,
    LONGEST_WAIT_NS,
    TEXT_MAX,
    Delivery,
)
from daemon.alerts.message import URGENT
from daemon.alerts.quiet import Rate, quiet_until
from daemon.domain.dates import HOUR_NS, MINUTE_NS, SECOND_NS
from daemon.errors import AlreadyRunning
from daemon.settings.alerts import QuietHours
from tests.alerts.rig import NIGHT, NOON, Service, channel, note, outbox_at, run, texts


def test_w17_messages_come_in_order_and_once(tmp_path: Path) -> None:
    with outbox_at(tmp_path) as outbox:
        service = Service()
        delivery = Delivery("a", channel(), outbox, service.send)
        outbox.put([note("one", seq=1), note("two", seq=2)], now=NOON)
        run(delivery, service, NOON, NOON)
        assert service.taken == ["Filled: one\nFilled: two"]
        run(delivery, service, NOON + 1, NOON + HOUR_NS)
        assert len(service.taken) == 1
        assert outbox.state("phone").seq == 2


def test_w17_a_death_between_the_service_and_the_outbox_sends_again_and_loses_nothing(
    tmp_path: Path,
) -> None:
    service = Service()

    def dies(title: str, text: str) -> str:
        service.send(title, text)
        raise KeyboardInterrupt  # the process ends here

    with outbox_at(tmp_path) as outbox:
        outbox.put([note("one")], now=NOON)
        with pytest.raises(KeyboardInterrupt):
            Delivery("a", channel(), outbox, dies).step(NOON)
    with outbox_at(tmp_path) as outbox:
        run(Delivery("a", channel(), outbox, service.send), service, NOON, NOON)
    assert service.taken == ["Filled: one", "Filled: one"]


def test_w17_a_service_that_fails_for_hours_gets_everything_in_order(tmp_path: Path) -> None:
    with outbox_at(tmp_path) as outbox:
        service = Service()
        service.is_up = False
        delivery = Delivery("a", channel(), outbox, service.send)
        for number in range(60):
            outbox.put([note(f"n{number}")], now=NOON + number * MINUTE_NS)
        at = run(delivery, service, NOON, NOON + 6 * HOUR_NS)
        waits = [b - a for a, b in pairwise(service.tries)]
        assert waits[0] == FIRST_WAIT_NS
        assert all(b == min(2 * a, LONGEST_WAIT_NS) for a, b in pairwise(waits))
        assert waits[-1] == LONGEST_WAIT_NS
        service.is_up = True
        run(delivery, service, at, at + HOUR_NS)
        assert texts(service.lines) == [f"n{number}" for number in range(60)]
        assert outbox.state("phone").failing_since == 0


def test_w17_back_off_and_its_beginning_outlive_the_process(tmp_path: Path) -> None:
    service = Service()
    service.is_up = False
    with outbox_at(tmp_path) as outbox:
        outbox.put([note("one")], now=NOON)
        at = run(Delivery("a", channel(), outbox, service.send), service, NOON, NOON + HOUR_NS)
        before = outbox.state("phone")
    with outbox_at(tmp_path) as outbox:
        assert outbox.state("phone") == before
        again = Delivery("a", channel(), outbox, service.send)
        assert again.step(NOON + HOUR_NS) == at  # it does not try before its time
    assert before.failing_since == NOON


def test_w17_what_is_given_up_after_a_day_is_told_to_every_channel(tmp_path: Path) -> None:
    with outbox_at(tmp_path, "phone", "mail") as outbox:
        down, up = Service(), Service()
        down.is_up = False
        failing = Delivery("a", channel("phone"), outbox, down.send)
        works = Delivery("a", channel("mail"), outbox, up.send)
        outbox.put([note("old one", seq=1), note("old two", seq=2)], now=NOON)
        outbox.put([note("new", seq=3)], now=NOON + 20 * HOUR_NS)
        at = run(failing, down, NOON, NOON + GIVEN_UP_AFTER_NS + LONGEST_WAIT_NS)
        run(works, up, at, at)
        told = up.lines[-1]
        assert told.startswith("Alerts: channel phone has taken no message since 2026-11-18 12:00")
        assert "2 older than a day were given up, up to event 2" in told
        down.is_up = True
        run(failing, down, at, at + HOUR_NS)
        assert texts(down.lines)[0] == "new"
        assert down.lines[-1] == told
        assert len(down.lines) == 2


def test_w17_quiet_hours_join_and_do_not_drop(tmp_path: Path) -> None:
    with outbox_at(tmp_path) as outbox:
        service = Service()
        quiet = QuietHours(begin="22:00", end="07:00")
        delivery = Delivery("a", channel(quiet=quiet), outbox, service.send)
        for number in range(100):
            outbox.put([note(f"n{number}")], now=NIGHT)
        morning = delivery.step(NIGHT)
        assert morning == NIGHT + 8 * HOUR_NS
        assert service.taken == []
        run(delivery, service, morning, morning)
        assert texts(service.lines) == [f"n{number}" for number in range(100)]
        assert len(service.taken) == 3


@pytest.mark.parametrize("kind", sorted(URGENT))
def test_w17_an_urgent_message_waits_for_neither_quiet_hours_nor_the_rate(
    tmp_path: Path, kind: str
) -> None:
    with outbox_at(tmp_path) as outbox:
        service = Service()
        quiet = QuietHours(begin="22:00", end="07:00")
        delivery = Delivery("a", channel(quiet=quiet, per_minute=1), outbox, service.send)
        outbox.put([note(f"n{number}") for number in range(90)], now=NIGHT)
        outbox.put([note("at once", kind)], now=NIGHT)
        outbox.put([note("later")], now=NIGHT)
        run(delivery, service, NIGHT, NIGHT + SECOND_NS)
        sent = texts(service.lines)
        assert "at once" in sent
        assert sorted(sent) == sorted([f"n{number}" for number in range(90)] + ["at once", "later"])
        last = service.taken[-1].split("\n")
        assert texts(last)[0] == "at once"  # first in its message


def test_w17_the_rate_joins_what_comes_faster(tmp_path: Path) -> None:
    with outbox_at(tmp_path) as outbox:
        service = Service()
        delivery = Delivery("a", channel(per_minute=2), outbox, service.send)
        now = NOON
        for number in range(40):
            outbox.put([note(f"n{number}")], now=now)
            service.now = now
            if delivery.step(now) == now:
                delivery.step(now)
            now += SECOND_NS
        run(delivery, service, now, now + 2 * MINUTE_NS)
        assert texts(service.lines) == [f"n{number}" for number in range(40)]
        assert len(service.taken) == 3
        assert service.tries == [NOON, NOON + SECOND_NS, NOON + MINUTE_NS]


def test_w17_a_channel_is_told_its_kinds_and_what_concerns_channels(tmp_path: Path) -> None:
    with outbox_at(tmp_path) as outbox:
        service = Service()
        delivery = Delivery("a", channel(kinds=["exit"]), outbox, service.send)
        outbox.put([note("a"), note("b", "exit"), note("c", "channel"), note("d")], now=NOON)
        run(delivery, service, NOON, NOON)
        assert service.lines == ["Exit: b", "Alerts: c"]
        assert outbox.waiting("phone", 9) == []


def test_w17_a_new_channel_begins_with_the_next_message_and_a_dropped_one_keeps_none(
    tmp_path: Path,
) -> None:
    with outbox_at(tmp_path, "phone") as outbox:
        outbox.put([note("before")], now=NOON)
        outbox.keep_channels(["phone", "mail"])
        outbox.put([note("after")], now=NOON)
        assert [each.message.text for each in outbox.waiting("mail", 9)] == ["after"]
        assert [each.message.text for each in outbox.waiting("phone", 9)] == ["before", "after"]
        outbox.keep_channels(["mail"])
        assert [each.message.text for each in outbox.waiting("mail", 9)] == ["after"]
        (left,) = outbox._db.execute("SELECT count(*) FROM messages").fetchone()
        assert left == 1


def test_w17_one_process_alone_has_an_outbox(tmp_path: Path) -> None:
    with outbox_at(tmp_path), pytest.raises(AlreadyRunning, match="another process sends"):
        outbox_at(tmp_path).__enter__()
    with outbox_at(tmp_path):  # freed with the first
        pass
    assert (tmp_path / "alerts.db").stat().st_mode & 0o777 == 0o600


def test_a_long_text_is_cut_and_a_batch_stays_within_what_services_take(tmp_path: Path) -> None:
    with outbox_at(tmp_path) as outbox:
        service = Service()
        delivery = Delivery("a", channel(), outbox, service.send)
        outbox.put([note("x" * 5_000), *(note("y" * 900) for _ in range(7))], now=NOON)
        run(delivery, service, NOON, NOON)
        assert all(len(text) <= TEXT_MAX for text in service.taken)
        assert len(service.lines) == 8


@pytest.mark.ci
@settings(max_examples=30, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["put", "urgent", "fail", "work", "die", "wait"]), st.integers(0, 9)
        ),
        max_size=20,
    )
)
def test_whatever_fails_and_dies_nothing_is_lost_and_order_holds(
    steps: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    place, service, now, made = tmp_path_factory.mktemp("d"), Service(), NOON, 0
    for what, number in [*steps, ("work", 0), ("wait", 9), ("wait", 9)]:
        with outbox_at(place) as outbox:  # every step in a process of its own
            delivery = Delivery("a", channel(per_minute=3), outbox, service.send)
            if what in ("put", "urgent"):
                kind = "fill" if what == "put" else "naked_short"
                outbox.put([note(f"{made + at}", kind) for at in range(number)], now=now)
                made += number
            elif what in ("fail", "work"):
                service.is_up = what == "work"
            elif what == "die":
                delivery.step(now)
            else:
                now = run(delivery, service, now, now + number * MINUTE_NS)
    assert sorted(map(int, texts(service.lines))) == list(range(made))
    batches = [sorted(map(int, texts(text.split("\n")))) for text in service.taken]
    assert [number for batch in batches for number in batch] == list(range(made))


def test_quiet_hours_may_go_over_midnight() -> None:
    night = QuietHours(begin="22:00", end="07:00")
    assert quiet_until(night, NOON) == 0
    assert quiet_until(night, NIGHT) == NIGHT + 8 * HOUR_NS
    assert quiet_until(night, NIGHT - HOUR_NS) == NIGHT + 8 * HOUR_NS
    assert quiet_until(night, NIGHT + 8 * HOUR_NS) == 0
    assert quiet_until(QuietHours(begin="11:00", end="13:00"), NOON) == NOON + HOUR_NS
    assert quiet_until(QuietHours(begin="12:00", end="12:00"), NOON) == 0
    assert quiet_until(None, NOON) == 0


def test_a_rate_forgets_what_a_clock_that_was_set_back_has_sent() -> None:
    rate = Rate(1)
    rate.saw(NOON)
    assert rate.free_at(NOON) == NOON + MINUTE_NS
    assert rate.free_at(NOON + MINUTE_NS) == 0
    rate.saw(NOON + HOUR_NS)
    assert rate.free_at(NOON) == 0
