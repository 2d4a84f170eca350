"""Margins of what the account holds and of what might be added, by the daemon's own model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from daemon.broker.account_books import AccountBooks
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.order import Side
from daemon.execution.margin_market import Line, LineKey, MarginMarket, line_key
from daemon.margin.models import Model, margins, model_of
from daemon.margin.reference import mid_else_ltp
from daemon.margin.unknown import MarginUnknown
from daemon.market.moment import Moment
from daemon.process.clock import MACHINE_CLOCKS
from daemon.rules import Rulebook
from daemon.runtime.configured_arrays import configured_arrays
from daemon.runtime.configured_rules import load_rules
from daemon.web.kite.account import Account
from daemon.web.kite.errors import bad_input

Lines = dict[LineKey, Line]


class Want(NamedTuple):
    """An order that is asked about; its price in paise."""

    instrument: Instrument
    is_delivery: bool
    side: Side
    quantity: int
    price_paise: int

    @property
    def signed(self) -> int:
        """Return the quantity, below 0 for a sell."""
        return self.quantity if self.side == "BUY" else -self.quantity

    @property
    def net_premium_paise(self) -> int:
        """Return the premium of an option, below 0 for one that is sold."""
        return self.signed * self.price_paise if self.instrument.is_option else 0

    @property
    def premium_paise(self) -> int:
        """Return the premium that a buyer of an option pays."""
        return max(0, self.net_premium_paise)


class Blocked(NamedTuple):
    """Whole rupees."""

    span: int = 0
    exposure: int = 0


class _Setup(NamedTuple):
    """The contracts of the daemon, and what depends on them."""

    instruments: dict[str, Instrument]
    universe: Universe
    model: Model
    rules: Rulebook


class Portfolio:
    """What is held and working, and the margin of it with orders added."""

    def __init__(self, account: Account) -> None:
        self._account: Final = account
        self._setup: _Setup | None = None
        self._at = Moment()

    def lines(self, books: AccountBooks) -> Lines:
        """Return what is held and what working orders may add, of contracts that are known."""
        found: Lines = {}
        for row in books.positions.net({}):
            line = self._line(found, row.tradingsymbol, row.product)
            if line is not None and row.quantity:
                line.hold(row.quantity, 2 * row.open_paise // row.quantity)
        for order in books.orders.working():
            if order.is_exit or not order.pending:
                continue
            line = self._line(found, order.tradingsymbol, order.product)
            if line is not None:
                line.work(order.side, order.pending)
        return {key: line for key, line in found.items() if line.held or line.buys or line.sells}

    def blocked(self, lines: Lines) -> Blocked | None:
        """Return what lines block, None where no margin is computed or none can be."""
        if self._account.config.margin.model == "off":
            return Blocked()
        try:
            return self._blocked(lines)
        except MarginUnknown:
            return None

    def more(self, lines: Lines, wants: Sequence[Want]) -> Blocked:
        """Return what orders block on top of lines once they have filled; none less than 0.

        Raises KiteError where the margin of a contract cannot be known.
        """
        if self._account.config.margin.model == "off":
            return Blocked()
        after = {key: Line(each.held, each.buys, each.sells, each.cost_half)
                 for key, each in lines.items()}  # fmt: skip
        for want in wants:
            line = self._line(after, want.instrument.tradingsymbol, _product(want))
            assert line is not None, want
            line.hold(want.signed, 2 * want.price_paise)
        try:
            now, then = self._blocked(lines), self._blocked(after)
        except MarginUnknown as error:
            raise bad_input(str(error)) from error
        return Blocked(max(0, then.span - now.span), max(0, then.exposure - now.exposure))

    # inside

    def _blocked(self, lines: Lines) -> Blocked:
        setup = self._set_up()
        self._at.move_to(self._account.market.clock_ns or MACHINE_CLOCKS.wall_ns())
        market = MarginMarket(
            setup.universe, self._price_half, setup.rules, self._at, setup.rules.margin_rates
        )
        found = margins(list(market.underlyings(lines).values()), setup.model)
        return Blocked(
            sum(each.working.span for each in found), sum(each.working.exposure for each in found)
        )

    def _line(self, lines: Lines, symbol: str, product: str) -> Line | None:
        universe = self._set_up().universe
        index = universe.index_of(symbol)
        if index is None:
            return None
        return lines.setdefault(line_key(universe[index], index, product), Line())

    def _price_half(self, index: int) -> int:
        quote = self._account.market.quote(self._set_up().universe[index].tradingsymbol)
        return 0 if quote is None else mid_else_ltp(quote.ltp, quote.bid, quote.ask)

    def _set_up(self) -> _Setup:
        instruments = self._account.instruments()
        if self._setup is None or self._setup.instruments is not instruments:
            config = self._account.config
            universe = Universe(instruments.values())
            model = model_of(configured_arrays(config, universe))
            self._setup = _Setup(instruments, universe, model, load_rules(config))
        return self._setup


def _product(want: Want) -> str:
    return "CNC" if want.is_delivery else "NRML"
