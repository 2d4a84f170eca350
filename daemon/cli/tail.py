"""`run_fno_paper tail`: committed events for other programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from daemon.errors import UsageError
from daemon.files.secret_file import read_secret_line
from daemon.sinks.tail import Sink, Tail, Terminal, stop_at_signals
from daemon.web.sources.watched import Watched

_INSTALL: Final = "tail --to: install the client with pip install 'run-fno-paper[redis]'"


def tail(
    watched: Watched,
    *,
    first: int | None,
    to: str,
    password_file: Path | None,
    say: Callable[..., None],
) -> None:
    """Hand over events as they are committed, until a signal. Raises UsageError, ConfigError."""
    sink: Sink = _stream(watched.name, to, password_file) if to else Terminal()
    stop = stop_at_signals()
    following = Tail(watched.directory, sink, first=first, is_finished=watched.has_summary())
    try:
        following.run(stop, partial(say, err=True))
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        following.close()


def _stream(account: str, to: str, password_file: Path | None) -> Sink:
    try:
        from daemon.sinks.redis_stream import RedisStream
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "redis":
            raise
        raise UsageError(_INSTALL) from error
    password = read_secret_line(password_file, "the password") if password_file else None
    return RedisStream(to, account, password)
