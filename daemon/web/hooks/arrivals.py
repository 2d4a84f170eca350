"""What arrived at the hooks lately: the same message twice, and too many of them."""

from __future__ import annotations

from collections import deque
from hashlib import sha256
from typing import Final

from daemon.domain.dates import MINUTE_NS, SECOND_NS

PER_MINUTE: Final = 60
SAME_WITHIN_NS: Final = 5 * SECOND_NS
_ID_DIGITS: Final = 32


class TooMany(Exception):
    """A hook has had all the messages that it may have within a minute."""


def client_id_of(hook_id: str, body: bytes, now: int) -> str:
    """Return the id under which the daemon knows a message that came at `now` (UTC ns)."""
    place = f"{hook_id}\0{now // SAME_WITHIN_NS}\0".encode()
    return f"hk-{sha256(place + body).hexdigest()[:_ID_DIGITS]}"


class Arrivals:
    """The messages of the last minute, by hook; `now` is UTC ns."""

    def __init__(self) -> None:
        self._times: dict[str, deque[int]] = {}
        self._seen: dict[tuple[str, bytes], int] = {}

    def count(self, hook_id: str, now: int) -> None:
        """Count a message. Raises TooMany."""
        times = self._times.setdefault(hook_id, deque())
        while times and not 0 <= now - times[0] < MINUTE_NS:
            times.popleft()
        if len(times) >= PER_MINUTE:
            raise TooMany(f"{PER_MINUTE} messages a minute, and this is one more")
        times.append(now)

    def is_repeated(self, hook_id: str, body: bytes, now: int) -> bool:
        """Return whether the same body came to a hook within 5 s; remember that it did."""
        recent = {key: at for key, at in self._seen.items() if 0 <= now - at < SAME_WITHIN_NS}
        self._seen = recent
        key = (hook_id, sha256(body).digest())
        if key in recent:
            return True
        recent[key] = now
        return False

    def forget(self, hook_id: str, body: bytes) -> None:
        """Let the same body be sent again: the daemon did not take it."""
        self._seen.pop((hook_id, sha256(body).digest()), None)
