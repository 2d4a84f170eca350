"""A Redis stream of a journal's lines: an entry's id is the event's number, so none comes twice.

The key is `fnopaper:ACCOUNT:JOURNAL`; an entry has the fields `event`, the line, and `hash`, its
link of the journal's chain in hex. Where the stream ends decides what is added next, whatever
happened to this process or to Redis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    ConnectionError,
    RedisError,
    ResponseError,
    TimeoutError,
)
from redis.retry import Retry

from daemon.errors import UsageError
from daemon.sinks.lines import JournalLines
from daemon.sinks.tail import SinkAway
from daemon.visible import visible
from daemon.web.sources.facts import Line

PREFIX: Final = "fnopaper"
WITHIN_S: Final = 5.0
_EVENT, _HASH = b"event", b"hash"
_SCHEMES: Final = ("redis", "rediss", "unix")
_NO_KEY: Final = "no such key"
_NOT_AFTER: Final = "equal or smaller"


class RedisStream:
    """One account's stream."""

    def __init__(self, url: str, account: str, password: str | None = None) -> None:
        """Name the server; nothing is opened yet. Raises UsageError."""
        try:
            parts = urlsplit(url)
            has_password = parts.password is not None
        except ValueError as error:
            raise UsageError("--to: expected an address such as redis://HOST:6379/0") from error
        if has_password:
            raise UsageError("--to: a password in an address is seen by others: --password-file")
        if parts.scheme not in _SCHEMES:
            raise UsageError(f"--to: expected {', '.join(_SCHEMES)}, was {visible(parts.scheme)!r}")
        self._redis: redis.Redis = redis.Redis.from_url(
            url, password=password, socket_timeout=WITHIN_S, socket_connect_timeout=WITHIN_S,
            retry=Retry(NoBackoff(), 0),
        )  # fmt: skip
        self._where = f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
        self._account = account
        self.key = ""

    def begin(self, lines: JournalLines, first: int | None) -> int:
        """Return where the stream of this journal ends, checked against the journal.

        Raises SinkAway, UsageError where it has another history, or a gap would come.
        """
        self.key = f"{PREFIX}:{self._account}:{lines.journal_id}"
        last, link = self._end()
        if not last:
            return 0 if first is None else first - 1
        if first is not None and first > last + 1:
            raise UsageError(
                f"--from {first}: {self.key} ends with event {last}, so {last + 1} to {first - 1} "
                "would be missing"
            )
        line = lines.line(last)
        if line is None or (link is not None and link != line.hash.hex()):
            raise UsageError(
                f"{self.key}: its event {last} is not the journal's: of a backup that was "
                f"replaced? Delete the stream (DEL {self.key}) and start again"
            )
        return last

    def put(self, page: Sequence[Line]) -> None:
        """Add lines. Raises SinkAway, UsageError where an id is taken by another event."""
        pipeline = self._redis.pipeline(transaction=True)
        for line in page:
            fields: Any = {_EVENT: line.body, _HASH: line.hash.hex()}
            pipeline.xadd(self.key, fields, id=f"{line.seq}-0")
        answers = self._asked(lambda: pipeline.execute(raise_on_error=False))
        for line, answer in zip(page, answers, strict=True):
            if isinstance(answer, ResponseError) and _NOT_AFTER in str(answer):
                self._check_same(line)
            elif isinstance(answer, Exception):
                raise _fault(self._where, answer)

    def check(self, last: int) -> None:
        """Make sure that the stream still ends with line `last`. Raises SinkAway."""
        if self._end()[0] != last:
            raise SinkAway(f"{self._where}: {self.key} has changed")

    # inside

    def _end(self) -> tuple[int, str | None]:
        """Return the number of the stream's last entry and its hash, None where it was trimmed."""
        try:
            info: Any = self._asked(lambda: self._redis.xinfo_stream(self.key))
        except _NoStream:
            return 0, None
        last = _number(info["last-generated-id"])
        entry = info["last-entry"]
        if entry is None or _number(entry[0]) != last:
            return last, None
        return last, entry[1].get(_HASH, b"").decode()

    def _check_same(self, line: Line) -> None:
        at = f"{line.seq}-0"
        found: Any = self._asked(lambda: self._redis.xrange(self.key, at, at))
        if not found or found[0][1].get(_HASH, b"").decode() != line.hash.hex():
            raise UsageError(
                f"{self.key}: the id {at} is taken by another event; delete the stream "
                f"(DEL {self.key}) and start again"
            )

    def _asked(self, ask: Any) -> Any:
        try:
            return ask()
        except RedisError as error:
            raise _fault(self._where, error) from error


class _NoStream(Exception):
    """There is no stream of this name yet."""


def _fault(where: str, error: Exception) -> Exception:
    """Return what an error of the library means here."""
    text = visible(str(error))
    if isinstance(error, AuthenticationError):
        return UsageError(f"{where}: does not take the password ({text}); --password-file")
    if isinstance(error, ResponseError) and _NO_KEY in str(error):
        return _NoStream()
    if isinstance(error, ResponseError) and str(error).startswith(
        ("WRONGTYPE", "NOPERM", "NOAUTH")
    ):
        return UsageError(f"{where}: {text}")
    kind = "cannot be reached" if isinstance(error, ConnectionError | TimeoutError) else "refuses"
    return SinkAway(f"{where}: {kind} ({text}); it is tried again")


def _number(entry_id: bytes) -> int:
    return int(entry_id.partition(b"-")[0])
