"""The list of a day's orders, of which most rows are kept: it is as if none were."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from daemon.web.kite import kept_rows
from daemon.web.kite.kept_rows import KeptRows
from tests.kite_api.desk import ACCOUNT, Desk


async def listed(desk: Desk) -> list[dict[str, Any]]:
    """The orders of the day, as they are listed and as they are written when none is kept."""
    rows: list[dict[str, Any]] = await desk.get("/orders")
    fresh = KeptRows(desk.api.account, ACCOUNT, desk.api.changes)
    written = b"".join(await desk.api.read(fresh.pieces))
    assert rows == json.loads(b"[" + written + b"]")
    return rows


async def test_the_orders_of_a_long_day_are_listed_as_they_are_however_they_are_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_rows, "TOGETHER", 2)
    draw, working = random.Random(18), list[str]()
    for number in range(25):
        desk.book()
        working.append(await desk.place(price=99.5 - number % 3))
        if draw.random() < 0.5:
            order = working.pop(draw.randrange(len(working)))
            await desk.send("DELETE", f"/orders/regular/{order}")
        if working and draw.random() < 0.5:
            await desk.send("PUT", f"/orders/regular/{draw.choice(working)}", price=98.25)
        await listed(desk)
    desk.book(95, bids=((94.95, 6_500),), asks=((95.05, 6_500),))
    rows = await listed(desk)
    assert {row["status"] for row in rows} == {"COMPLETE", "CANCELLED"}
    assert len(rows) == 25
    assert rows == await listed(desk)
    await desk.api.read(lambda books: books.begin_day(books.day + 1))
    assert await listed(desk) == []
    await desk.place(price=90)
    assert [row["status"] for row in await listed(desk)] == ["OPEN"]


async def test_pieces_of_orders_that_are_over_are_not_written_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_rows, "TOGETHER", 2)
    for _ in range(5):
        desk.book()
        await desk.place(order_type="MARKET", market_protection=-1)
    kept = KeptRows(desk.api.account, ACCOUNT, desk.api.changes)
    first = await desk.api.read(kept.pieces)
    again = await desk.api.read(kept.pieces)
    assert [one is other for one, other in zip(first, again, strict=True)] == [True, True, False]
    assert again == first
