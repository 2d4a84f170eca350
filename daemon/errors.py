"""The world's faults: typed, explained in one line, each with the exit code it ends with."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit code of the process (RUNBOOK, "Exit codes")."""

    STOPPED = 0
    DIFFERS = 1
    """Not a fault: `replay` and `compare` found runs that differ, `demo` other figures."""
    USAGE = 64
    JOURNAL_CORRUPT = 65
    FEED_LOST = 69
    INVARIANT_BROKEN = 70
    CLOCK = 71
    JOURNAL_IO = 74
    ALREADY_RUNNING = 75
    TOKEN_REFUSED = 77
    BAD_CONFIG = 78
    INTERRUPTED = 130
    """Ctrl-C or SIGTERM ended a sweep before all was run."""


class DaemonError(Exception):
    """A fault of the world that ends the run: one line a trader understands, no traceback."""

    exit_code: ExitCode = ExitCode.INVARIANT_BROKEN


class UsageError(DaemonError):
    """The command line asks for something that is not there."""

    exit_code = ExitCode.USAGE


class ConfigError(DaemonError):
    """The configuration is wrong: file, line, path, what was expected."""

    exit_code = ExitCode.BAD_CONFIG


class FeedError(DaemonError):
    """A recording or a feed cannot be read: which file, which row, what to do."""

    exit_code = ExitCode.FEED_LOST


class ClusterError(DaemonError):
    """A cluster does not answer, has no node, or a node is of another version: which, and why."""

    exit_code = ExitCode.FEED_LOST


class ClockError(DaemonError):
    """The machine's clock cannot be right: both times, and what to do."""

    exit_code = ExitCode.CLOCK


class JournalCorrupt(DaemonError):
    """The journal was altered, is of another version, or is behind its head file."""

    exit_code = ExitCode.JOURNAL_CORRUPT


class JournalIOError(DaemonError):
    """The journal cannot be written; trading stops here."""

    exit_code = ExitCode.JOURNAL_IO


class AlreadyRunning(DaemonError):
    """Another process holds this account or run."""

    exit_code = ExitCode.ALREADY_RUNNING


class TokenRefused(DaemonError):
    """Kite refused the access token; trying again cannot help, only a new login does."""

    exit_code = ExitCode.TOKEN_REFUSED
