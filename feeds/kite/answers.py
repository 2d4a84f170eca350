"""What Kite's HTTP answers mean: the data in them, or the fault that they tell (domain.md 2)."""

from __future__ import annotations

import gzip
import io
import unicodedata
import zlib
from collections.abc import Iterable
from typing import Final, TypeVar

import msgspec

from daemon.errors import ConfigError, DaemonError, FeedError, TokenRefused
from feeds.kite.credentials import LOG_IN, Secret

AGAIN: Final = frozenset((429, 502, 503, 504))
"""HTTP codes after which the same request is worth another attempt."""
_TOO_MANY: Final = 429
_FORBIDDEN: Final = 403
_MESSAGE_MAX: Final = 200

T = TypeVar("T")


class BadRequest(ConfigError):
    """Kite does not do what it was asked (InputException and its like); asking again is no use."""


class PermissionRefused(BadRequest):
    """The login is good, its subscription does not include what was asked."""


class RateLimited(FeedError):
    """Kite goes on answering that there were too many requests."""


class Unreachable(FeedError):
    """Kite cannot be reached, does not answer in time, or says that it is out of order."""


class Malformed(FeedError):
    """An answer that is cut, too large, or not what Kite's documentation says."""


class _Answer(msgspec.Struct):
    status: str = ""
    message: str | None = None
    error_type: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


_ANSWER: Final = msgspec.json.Decoder(_Answer)


def content(body: bytes, encoding: str, most: int, where: str) -> bytes:
    """The body without its compression, at most `most` bytes. Raises Malformed."""
    if encoding not in ("", "identity", "gzip"):
        raise Malformed(f"{where}: the answer has the unknown encoding {plain(encoding)!r}")
    if encoding == "gzip" or body.startswith(b"\x1f\x8b"):
        try:
            # zlib alone would accept a stream that is cut; this also compares its checksum.
            body = gzip.GzipFile(fileobj=io.BytesIO(body)).read(most + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise Malformed(f"{where}: the answer is cut or damaged (gzip)") from error
    if len(body) > most:
        raise Malformed(f"{where}: the answer is larger than {most:,} bytes")
    return body


def data_of(body: bytes, kind: type[T], where: str, hidden: Iterable[Secret] = ()) -> T:
    """The `data` of a successful answer. Raises Malformed, or the fault that it tells."""
    try:
        answer = _ANSWER.decode(body)
        if answer.status != "success":
            raise fault(200, body, where, hidden)
        return msgspec.json.decode(answer.data, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        # Without its cause: a decoder's message may quote what it read.
        reason = type(error).__name__
        raise Malformed(f"{where}: the answer is not what Kite documents ({reason})") from None


def fault(code: int, body: bytes, where: str, hidden: Iterable[Secret] = ()) -> DaemonError:
    """The error that an answer tells, by its `error_type` and else by its HTTP code.

    What is `hidden` is not shown even if the answer quotes it.
    """
    answer = _refusal(body)
    reason = plain(without(answer.message or "no reason given", hidden))
    told = f"{where}: HTTP {code}: {reason}"
    if answer.error_type == "TokenException" or (code == _FORBIDDEN and not answer.error_type):
        return TokenRefused(f"{told}; the access token is refused, {LOG_IN}")
    if answer.error_type == "PermissionException":
        return PermissionRefused(f"{told}; see what your Kite Connect subscription includes")
    if code == _TOO_MANY:
        return RateLimited(f"{told}; is another program using this api_key?")
    if code >= 500 or answer.error_type in ("NetworkException", "DataException"):
        return Unreachable(f"{told}; Kite is out of order, try again later")
    if code >= 400 or answer.error_type:
        return BadRequest(told)
    if code >= 300:
        return Malformed(f"{told}; redirects are not followed, correct feed.kite.api_url")
    return Malformed(f"{told}; the answer is not what Kite documents")


def without(text: str, hidden: Iterable[Secret]) -> str:
    """The text with every secret that stands in it replaced."""
    for each in hidden:
        text = text.replace(each.reveal(), str(each))
    return text


def plain(text: str) -> str:
    """Another program's words as part of one line: no control characters, not long."""
    clean = "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in text)
    words = " ".join(clean.split())
    return words if len(words) <= _MESSAGE_MAX else f"{words[:_MESSAGE_MAX]}..."


def _refusal(body: bytes) -> _Answer:
    """What an error answer says; a proxy's page says nothing that we could read."""
    try:
        return _ANSWER.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _Answer()
