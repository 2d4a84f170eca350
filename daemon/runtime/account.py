"""An account: its journal, locked and verified, and its recordings."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from loguru import logger

from daemon import VERSION
from daemon.domain.carry_over import CarryOver
from daemon.domain.dates import ist_date
from daemon.domain.drawdown import EquityState
from daemon.domain.risk_arrays import RiskArrays
from daemon.errors import FeedError
from daemon.files.private import close_to_others, make_private_directory
from daemon.journal.base import encode_canonical
from daemon.journal.lock import refuse_foreign
from daemon.journal.past import events_since
from daemon.journal.recovery import ledger_at, life, open_folded
from daemon.journal.state import StateJournal
from daemon.journal.store import JournalMeta, JournalStore, Operation
from daemon.journal.takeover import take_over
from daemon.metrics.equity import booked_drawdown
from daemon.runtime.disk_faults import disk_errors_as_journal_errors
from daemon.runtime.live_lake import add_to_lake
from daemon.runtime.machine import Machine
from daemon.runtime.recordings import compared_after, next_recording, recordings_of
from daemon.runtime.run_files import ACCOUNTS
from daemon.settings.check import fingerprint, render_config
from daemon.settings.config import Config
from daemon.settings.inputs import kept_config
from feeds.recording.compact import Ending, compact
from feeds.recording.format import LogHeader
from feeds.recording.opened import open_recording
from feeds.recording.reader import InputLog
from feeds.recording.recorder import InputRecorder


class Account:
    """The journal of an account, locked, and its recordings."""

    def __init__(self, directory: Path, store: JournalStore) -> None:
        self.directory = directory
        self.store = store
        self.state = StateJournal(store)
        """The engine state in the journal; its `date` is set to the day of the run."""
        self.operations: list[Operation] = []
        """Operations of this start, for the journal."""

    @classmethod
    def open(cls, out: Path, name: str, *, created_ts: int) -> Account:
        """Lock the journal and verify what this start will use, or create it.

        The directory is closed to other users first: who can open the lock could also hold it.
        Raises AlreadyRunning, JournalCorrupt or JournalIOError.
        """
        directory = out / ACCOUNTS / name
        with disk_errors_as_journal_errors(directory):
            refuse_foreign(directory)
            make_private_directory(directory)
        if JournalStore.exists(directory):
            _take_over(directory, created_ts)
            store = open_folded(directory, used_after=compared_after(directory))
        else:
            meta = JournalMeta(
                run_id=name, account=name, program_version=VERSION, created_ts=created_ts
            )
            store = JournalStore.create(directory, meta)
        try:
            account = cls(directory, store)
            account._close_to_others(created_ts)
            return account
        except BaseException:
            store.close(checkpoint=False)
            raise

    def _close_to_others(self, now: int) -> None:
        """Close what an earlier version, or a person, left open to other users."""
        try:
            closed = close_to_others(self.directory)
        except OSError as error:
            logger.warning("{}: its files cannot be closed to others: {}", self.directory, error)
            return
        if closed.changed:
            self.note(now, "closed_to_others", files=closed.changed)
            logger.warning(
                "{}: {} of its files were open to other users; they are closed now (0600 in 0700)",
                self.directory, closed.changed,
            )  # fmt: skip
        if closed.left:
            logger.warning(
                "{}: {} of its files belong to another user, such as {}; chown them",
                self.directory, len(closed.left), closed.left[0],
            )  # fmt: skip

    def note(self, ts: int, kind: str, **detail: int | float | str | bool | None) -> None:
        """Remember an operational event for the journal."""
        self.operations.append(Operation(ts=ts, kind=kind, detail=detail))

    # recordings

    def recordings(self) -> list[Path]:
        """Return all recordings, oldest first; a log that is also compacted counts once."""
        return recordings_of(self.directory)

    def begin_log(
        self,
        machine: Machine,
        config: Config,
        written: Config,
        carry: CarryOver,
        now: int,
        arrays: RiskArrays | None = None,
    ) -> InputRecorder:
        """Begin today's recording with the machine's state before any input.

        `config` is what runs, `written` what the user wrote (its aliases are of the day).
        """
        date = ist_date(now).isoformat()
        path, segment = next_recording(self.directory, date)
        engine = machine.engine
        header = LogHeader(
            account=self.directory.name,
            date=date,
            segment=segment,
            program_version=VERSION,
            config=render_config(kept_config(config)),
            config_fingerprint=fingerprint(written),
            instruments=list(engine.universe),
            base_seq=engine.ledger.seq,
            first_input_no=engine.input_no,
            ledger=encode_canonical(engine.ledger).decode(),
            carry=carry,
            equity=machine.sampler.equity.before,
            arrays=arrays,
            created_ts=now,
        )
        return InputRecorder.begin(path, header)

    def finish_log(self, path: Path, machine: Machine) -> Path:
        """Turn the log of a day that is over into a Parquet file that says where it left off."""
        engine = machine.engine
        ending = Ending(
            seq=engine.ledger.seq,
            input_no=engine.input_no,
            carry=engine.carry(),
            equity=machine.sampler.equity_state(),
        )
        with disk_errors_as_journal_errors(path):
            log = InputLog(path)
            add_to_lake(log)
            return compact(log, ending)

    def booked_equity(self) -> EquityState:
        """Return what the journal alone says of the account's drawdown: booked P&L, unmarked.

        Continues from the newest recording's header if that can be read.
        """
        header, (first, events) = self._newest_header(), life(self.store)
        before = None
        if header is not None and first.seq <= header.base_seq <= self.store.last_seq:
            before = header.equity
        if header is None or before is None:
            return EquityState(drawdown=booked_drawdown(events, first))
        ledger = ledger_at(self.store, header.base_seq)
        events = events_since(self.store, ledger.seq)
        return EquityState(drawdown=booked_drawdown(events, ledger, before.drawdown))

    def _newest_header(self) -> LogHeader | None:
        """Return the newest recording's header, None if it cannot be read."""
        for path in self.recordings()[-1:]:
            with suppress(FeedError):
                return open_recording(path).header
        return None

    def close(self, *, checkpoint: bool = True) -> None:
        """Close the journal and free the account; without `checkpoint` no file is changed."""
        self.store.close(checkpoint=checkpoint)


def _take_over(directory: Path, now: int) -> None:
    """Continue the account in this version's journal. Raises like `take_over`."""
    taken = take_over(directory, program_version=VERSION, now_ts=now)
    if taken is not None:
        logger.warning(
            "{}: its journal of an older version ({} events) is closed and whole in {}; a new one "
            "continues from it, {} positions open", directory, taken.seq, taken.closed,
            taken.open_positions,
        )  # fmt: skip
