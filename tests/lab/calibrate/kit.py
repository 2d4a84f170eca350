"""Calibrations of made-up books, without the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from daemon.lab.calibrate.calibrate import Given, calibrate
from daemon.lab.calibrate.calibration import Calibration
from daemon.lab.calibrate.decisions import Decision
from daemon.lab.calibrate.tradebook import read_tradebooks
from daemon.settings.config import Config, FeedConfig, ReplayConfig, ReplayFile
from tests.lab.calibrate.made_up_books import SYMBOL, MadeUpBook, Terms, made_up_book


def replay_of(recording: Path) -> Config:
    """Return the configuration of a recording."""
    files = [ReplayFile(path=str(recording))]
    return Config(feed=FeedConfig(kind="replay", replay=ReplayConfig(files=files)))


def calibrated(
    terms: Terms, directory: Path, *, with_decisions: bool = False, apply_offset: bool = False
) -> Calibration:
    """Return what is measured of a made-up book."""
    book = made_up_book(terms)
    recording, tradebook = book.write(directory)
    given = Given(
        [tradebook.name],
        read_tradebooks([tradebook]),
        decisions_of_book(book) if with_decisions else None,
    )
    return calibrate(replay_of(recording), given, apply_offset=apply_offset)


def decisions_of_book(book: MadeUpBook) -> Sequence[Decision]:
    """Return the decisions behind the orders of a book."""
    return [
        Decision(
            order_id=f"D{number}", symbol=SYMBOL, side="BUY" if order.is_buy else "SELL",
            quantity=order.quantity, sent_ts=order.sent, kind="MARKET",
        )
        for number, order in enumerate(book.orders)
    ]  # fmt: skip
