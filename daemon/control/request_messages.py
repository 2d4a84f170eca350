"""What programs ask on `requests.sock`, and what they are answered: JSON, version 1."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from daemon.control.socket import Request
from daemon.domain.external_signal import ExternalSignal
from daemon.domain.order_requests import OrderRequest
from daemon.domain.order_results import OrderResult

ClientId = Annotated[str, Meta(max_length=36)]
RequestId = Annotated[int, Meta(ge=0, lt=2**53)]


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request: `id` is the caller's and comes back with the answer, in any order.

    It is a `command`, what is asked of an `order`, a position or a GTT, or a `signal` for a
    strategy: one of the three. The second request of a session day with a `client_id` changes
    nothing and gets the first one's answer, also after a restart; an empty one is no id.
    """

    version: Literal[1] = 1
    id: RequestId
    client_id: ClientId = ""
    command: Request | None = None
    order: OrderRequest | None = None
    signal: ExternalSignal | None = None

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.command, self.order, self.signal)) != 1:
            raise ValueError("expected one of `command`, `order` and `signal`")


class Outcome(StrEnum):
    """What became of a request."""

    DONE = "done"
    """It is on disk as an input; what it did is in the journal, up to `seq`."""
    REFUSED = "refused"
    """It makes no sense now; nothing was changed."""
    WITHDRAWN = "withdrawn"
    """It had no turn in time and never will; nothing was changed."""
    UNKNOWN = "unknown"
    """It was taken, and the disk has not answered in time: look before asking again."""
    BUSY = "busy"
    """Too many are in flight; nothing was changed."""


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to the request `id`; `text` is a line for a person.

    `result` is that of an `order`, also of one that the engine refused: that refusal is an input
    and on disk (`input_no` is set), and asking again with the same `client_id` gets it again.
    """

    id: int
    outcome: Outcome
    text: str
    input_no: int = 0
    seq: int = 0
    result: OrderResult | None = None
