"""Read Kite's HTTP answers: the data in them, or the fault they report.

See Kite Connect's documentation, exceptions.
"""

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
"""HTTP codes after which the same request is worth repeating."""
_TOO_MANY: Final = 429
_FORBIDDEN: Final = 403
_MESSAGE_MAX: Final = 200

T = TypeVar("T")


class BadRequest(ConfigError):
    """Kite refused the request (InputException and its like); repeating it is no use."""


class PermissionRefused(BadRequest):
    """The login is good, but its subscription does not include the request."""


class RateLimited(FeedError):
    """Kite keeps answering that there were too many requests."""


class Unreachable(FeedError):
    """Kite cannot be reached, does not answer in time, or reports that it is out of order."""


class Malformed(FeedError):
    """An answer that is cut, too large, or not as Kite documents it."""


class _Response(msgspec.Struct):
    status: str = ""
    message: str | None = None
    error_type: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


_RESPONSE: Final = msgspec.json.Decoder(_Response)


def content(body: bytes, encoding: str, most: int, where: str) -> bytes:
    """Return the decompressed body, at most `most` bytes. Raises Malformed."""
    if encoding not in ("", "identity", "gzip"):
        raise Malformed(f"{where}: the answer has the unknown encoding {plain(encoding)!r}")
    if encoding == "gzip" or body.startswith(b"\x1f\x8b"):
        try:
            # zlib alone would accept a truncated stream; this also compares the checksum.
            body = gzip.GzipFile(fileobj=io.BytesIO(body)).read(most + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise Malformed(f"{where}: the answer is cut or damaged (gzip)") from error
    if len(body) > most:
        raise Malformed(f"{where}: the answer is larger than {most:,} bytes")
    return body


def data_of(body: bytes, kind: type[T], where: str, hidden: Iterable[Secret] = ()) -> T:
    """Return the `data` of a successful answer.

    Raises Malformed, or the fault that the answer reports.
    """
    try:
        answer = _RESPONSE.decode(body)
        if answer.status != "success":
            raise error_of(200, body, where, hidden)
        return msgspec.json.decode(answer.data, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        # Without a cause: a decoder's message may quote what it read.
        reason = type(error).__name__
        raise Malformed(f"{where}: the answer is not what Kite documents ({reason})") from None


def error_of(code: int, body: bytes, where: str, hidden: Iterable[Secret] = ()) -> DaemonError:
    """Return the error that an answer reports, by its `error_type`, else by its HTTP code.

    Secrets in `hidden` are masked even where the answer quotes them.
    """
    answer = _refusal(body)
    reason = plain(masked(answer.message or "no reason given", hidden))
    problem = f"{where}: HTTP {code}: {reason}"
    if answer.error_type == "TokenException" or (code == _FORBIDDEN and not answer.error_type):
        return TokenRefused(f"{problem}; the access token is refused, {LOG_IN}")
    if answer.error_type == "PermissionException":
        return PermissionRefused(f"{problem}; see what your Kite Connect subscription includes")
    if code == _TOO_MANY:
        return RateLimited(f"{problem}; is another program using this api_key?")
    if code >= 500 or answer.error_type in ("NetworkException", "DataException"):
        return Unreachable(f"{problem}; Kite is out of order, try again later")
    if code >= 400 or answer.error_type:
        return BadRequest(problem)
    if code >= 300:
        return Malformed(f"{problem}; redirects are not followed, correct feed.kite.api_url")
    return Malformed(f"{problem}; the answer is not what Kite documents")


def masked(text: str, hidden: Iterable[Secret]) -> str:
    """Return the text with every secret in it masked."""
    for secret in hidden:
        text = text.replace(secret.reveal(), str(secret))
    return text


def plain(text: str) -> str:
    """Return another program's text as part of one line: no control characters, not too long."""
    clean = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    words = " ".join(clean.split())
    return words if len(words) <= _MESSAGE_MAX else f"{words[:_MESSAGE_MAX]}..."


def _refusal(body: bytes) -> _Response:
    """Return what an error answer says; empty for a proxy's page, which has nothing to decode."""
    try:
        return _RESPONSE.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _Response()
