"""What a strategy may ask for besides an order: changes of its own trades, and combined levels."""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal

import msgspec

from daemon.domain.intent import Level, OrderIntent


class Keep(Enum):
    """The one value that leaves a field as it is, which None could not say: None removes."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


class Modify(msgspec.Struct, frozen=True, kw_only=True):
    """Change a trade: levels in rupees or relative to its entry, None removes one.

    `price` and `quantity` (units, the new total) are those of its entry while it works.
    """

    id: str
    stop: Level | Keep | None = KEEP
    target: Level | Keep | None = KEEP
    price: float | Keep = KEEP
    quantity: int | Keep = KEEP


class Cancel(msgspec.Struct, frozen=True, kw_only=True):
    """Cancel what works of an entry, by the id of its trade or of its exchange order."""

    id: str


class Close(msgspec.Struct, frozen=True, kw_only=True):
    """Close a trade; `quantity` is whole lots of it in units, None all and its working entry."""

    id: str
    quantity: int | None = None
    reason: str = ""


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """Several entries that are meant together.

    With `hedges_first` what is sold is sent once all that is bought has filled. What has not filled
    after `within_s` seconds, or was refused, undoes (`unwind`) or keeps the others (`keep`).
    """

    intents: tuple[OrderIntent, ...]
    hedges_first: bool = True
    within_s: float = 30
    if_incomplete: Literal["unwind", "keep"] = "unwind"
    tag: str = ""


class Steps(msgspec.Struct, frozen=True):
    """A floor that rises by `by` rupees for every whole `every` rupees of the best result."""

    every: float
    by: float


class Lock(msgspec.Struct, frozen=True):
    """A floor of `keep` rupees from a result of `at` on; then `by` for every further `every`."""

    at: float
    keep: float
    every: float = 0.0
    by: float = 0.0


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """Combined levels over the trades of a tag, in rupees of their result; all None ends them."""

    tag: str
    stop: float | None = None
    target: float | None = None
    trail: Steps | None = None
    lock: Lock | None = None


StrategyAction = Modify | Cancel | Close | Basket | Watch


class Asked(msgspec.Struct, frozen=True):
    """An action, and the strategy whose trades it may concern."""

    strategy_id: str
    action: StrategyAction


Wanted = OrderIntent | Asked
"""What the engine takes from a strategy."""

RefusalCode = Literal[
    "not_yours", "already_over", "bad_level", "bad_quantity", "too_many_reactions"
]
"""Why an action changed nothing."""
