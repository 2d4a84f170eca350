"""What the account may do besides leaving what it has."""

from __future__ import annotations

from enum import StrEnum


class RiskState(StrEnum):
    """ACTIVE opens positions. REDUCING takes no new entries; HALTED cancels waiting ones too.

    Exits work in all of them.
    """

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"
