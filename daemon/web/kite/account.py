"""The account as its journal tells it: the books, folded as far as was committed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from daemon.broker.account_books import AccountBooks
from daemon.broker.positions import Mark
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.money import PAISE_PER_RUPEE
from daemon.errors import UsageError
from daemon.journal.history import history_of
from daemon.journal.store import JournalStore
from daemon.settings.config import ApiConfig, Config
from daemon.web.kite.errors import away
from daemon.web.sources.facts import Facts, News, NotInJournal
from daemon.web.sources.market import Market
from daemon.web.sources.watched import Watched

T = TypeVar("T")
PAGES_AT_ONCE: Final = 20
"""Pages of events that are folded before others, and the end of the process, get a turn."""
LOOKS: Final = 10
"""How often a journal that is busy is looked at for one answer."""


class Behind(Exception):
    """More of the journal is to be read first: ask again."""


class Account:
    """Reads what is new of journal and market before each answer. For one thread at a time."""

    def __init__(self, watched: Watched) -> None:
        self.watched: Final = watched
        self.market: Final = Market(watched.directory)
        """The last quotes by symbol; `look` before you read."""
        self._facts = Facts(watched.directory)
        self._books: AccountBooks | None = None
        self._seq = 0
        self.config = Config()
        """The daemon's own, of its newest start."""
        self.api_config = ApiConfig()
        """As the command line's configuration has it, else the daemon's."""
        self._listed: dict[str, Instrument] = {}
        self._seen = self.market.instruments
        self._learn()

    def close(self) -> None:
        """Close journal and map."""
        self._facts.close()
        self.market.close()

    def read(self, answer: Callable[[AccountBooks], T], now: int) -> T:
        """Return what `answer` makes of the books as of now (UTC ns of the wall clock).

        Raises Behind, KiteError, 503, where the journal cannot be read, JournalCorrupt.
        """
        self.market.look(now)
        if self.market.instruments is not self._seen:  # a daemon that started since
            self._seen = self.market.instruments
            self._learn()
        return answer(self._current())

    def instrument(self, symbol: str) -> Instrument | None:
        """Return a contract by its symbol: the daemon's own, None if it has none of that name."""
        return self.market.instruments.get(symbol) or self._listed.get(symbol)

    def contract(self, books: AccountBooks, symbol: str) -> Instrument:
        """Return a contract by its symbol, as the books know it if the daemon has it no more."""
        return self.instrument(symbol) or books.instrument(symbol)

    def instruments(self) -> dict[str, Instrument]:
        """Return the contracts that the daemon knows, by symbol; another object if they change."""
        return self.market.instruments or self._listed

    def marks(self) -> dict[str, Mark]:
        """Return the last price and the last close of each contract that has a quote."""
        found = {}
        for symbol in self.market.symbols():
            quote = self.market.quote(symbol)
            if quote is not None:
                found[symbol] = Mark(last_paise=quote.ltp, close_paise=quote.previous_close)
        return found

    @property
    def seq(self) -> int:
        """Return the last event that is in the books."""
        return self._seq

    # inside

    def _current(self) -> AccountBooks:
        try:
            return self._caught_up()
        except NotInJournal:  # archived meanwhile
            self._facts.close()
            return self._caught_up()

    def _caught_up(self) -> AccountBooks:
        self._look()
        assert self._books is not None
        for _ in range(PAGES_AT_ONCE):
            if self._seq >= self._facts.last_seq:
                break
            events = self._facts.events(self._seq)
            if not events:
                raise away(self._facts.fault or "the journal cannot be read now")
            for event in events:
                self._books.apply(event)
            self._seq = events[-1].seq
        if self._seq < self._facts.last_seq:
            raise Behind
        return self._books

    def _look(self) -> None:
        """Find what is new: an answer that leaves out what was committed would deceive.

        Raises KiteError, 503, where the journal stays busy or is not there.
        """
        for _ in range(LOOKS):
            news = self._facts.look()
            if news is News.ANOTHER:
                self._begin()
            if news is not News.NOT_NOW:
                return
        raise away(self._facts.fault or "the journal cannot be read now")

    def _begin(self) -> None:
        """Begin with another journal, or with this one after an archive."""
        self._learn()
        capital = round((self.config.capital_rupees or 0) * PAISE_PER_RUPEE)
        books = AccountBooks(Universe(tuple(self._listed.values())), capital)
        base = self._facts.base_seq
        if base:
            _fold_archived(self.watched, books, base)
        self._books, self._seq = books, base

    def _learn(self) -> None:
        """Take the configuration and the contracts of the daemon's newest start."""
        setup = self.watched.setup()
        given = self.watched.given
        self.config = setup.config or given or Config()
        self.api_config = (given or self.config).api
        self._listed = {each.tradingsymbol: each for each in setup.instruments}


def _fold_archived(watched: Watched, books: AccountBooks, base: int) -> None:
    """Fold the events that were archived. Raises KiteError where their files are missing."""
    try:
        with JournalStore.open(watched.directory) as store:
            history = history_of(store)
            if not history.is_whole:
                raise away("archives of the journal are missing, so orders and cash are not known")
            for event in history.events:
                if event.seq > base:
                    break
                books.apply(event)
    except UsageError as error:
        raise away(str(error)) from error
