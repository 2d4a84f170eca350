"""Where log lines go; nothing else configures loguru."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from loguru import logger

from daemon.domain.dates import IST
from daemon.errors import ConfigError
from daemon.process.log_file import log_path, open_log
from daemon.process.log_lines import FACT, FACTS, json_format, text_format
from daemon.process.log_repeats import Repeats, is_shown
from daemon.settings.config import LogConfig

if TYPE_CHECKING:
    from loguru import Record

_MEGABYTE: Final = 1_000_000
_WARNING: Final = 30


def start_logging(
    config: LogConfig, *, quiet: bool = False, with_facts: bool = False, account: str = ""
) -> None:
    """Send log lines to stderr, and to a file if one is configured; called again it starts afresh.

    `quiet` leaves the terminal to the progress bar: only warnings are written there, and facts
    (fills, exits, refusals) if `with_facts`. `account` is bound to every line. Times are Indian,
    with their zone. Variables are never printed with a traceback (`diagnose`), they could hold a
    secret. Raises ConfigError if the file cannot be written.
    """
    logger.remove()
    logger.configure(extra={"account": account} if account else {}, patcher=_patcher(Repeats()))
    form = json_format if config.format == "json" else text_format
    quiet_level = config.level if with_facts else "WARNING"
    logger.add(
        _to_stderr,
        level=quiet_level if quiet else config.level,
        format=form,
        filter=_is_for_a_bar if quiet else is_shown,
        colorize=False,
        diagnose=False,
        backtrace=False,
    )
    if config.file:
        _log_to_file(config, account, form)


def log_to_file_alone(path: Path, *, rotation_mb: int = 10, retention_files: int = 3) -> None:
    """Send log lines to a file of their own and nowhere else. Raises ConfigError.

    For a process next to the daemon: the terminal, and the daemon's own file, are not its.
    """
    logger.remove()
    logger.configure(extra={}, patcher=_patcher(Repeats()))
    config = LogConfig(file=str(path), rotation_mb=rotation_mb, retention_files=retention_files)
    _log_to_file(config, "", text_format)


def _log_to_file(config: LogConfig, account: str, form: Callable[[Record], str]) -> None:
    path = log_path(config.file, account)
    try:
        logger.add(
            path,
            level=config.level,
            format=form,
            filter=is_shown,
            colorize=False,
            rotation=config.rotation_mb * _MEGABYTE,
            retention=config.retention_files,
            opener=open_log,
            diagnose=False,
            backtrace=False,
        )
    except OSError as error:
        raise ConfigError(f"log.file: {path}: cannot be written: {error.strerror}") from error
    except (KeyError, IndexError, ValueError) as error:  # loguru fills in the braces
        raise ConfigError(
            f"log.file: {path}: expected no other braces than {{account}} and {{time}}"
        ) from error
    if path != config.file:
        logger.warning(
            "log.file: another process writes {}; this account's lines go to {}", config.file, path
        )


def _patcher(repeats: Repeats) -> Callable[[Record], None]:
    def patch(record: Record) -> None:
        record["time"] = record["time"].astimezone(IST)
        repeats(record)

    return patch


def _is_for_a_bar(record: Record) -> bool:
    """Return whether a record is worth a line above the progress bar."""
    extra = record["extra"]
    return is_shown(record) and (record["level"].no >= _WARNING or FACT in extra or FACTS in extra)


def _to_stderr(message: str) -> None:
    # Looked up at each line: the progress bar puts itself in its place to stay below the lines.
    sys.stderr.write(message)
    sys.stderr.flush()
