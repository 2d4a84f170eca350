"""What a person or a program asks of GTTs, as values that serve themselves."""

from __future__ import annotations

from typing import Protocol

import msgspec

from daemon.domain.gtt import GttTerms


class GttHandler(Protocol):
    """Take requests for GTTs; the engine's desk does."""

    def place(self, terms: GttTerms) -> int:
        """Place one; return its id, 0 if it was refused."""

    def modify(self, gtt_id: int, terms: GttTerms) -> bool:
        """Modify one."""

    def delete(self, gtt_id: int) -> bool:
        """Delete one."""


class PlaceGtt(msgspec.Struct, frozen=True):
    """A new GTT."""

    terms: GttTerms

    def serve(self, gtts: GttHandler) -> None:
        """Place it."""
        gtts.place(self.terms)


class ModifyGtt(msgspec.Struct, frozen=True):
    """Other terms for a GTT of the same contract."""

    gtt_id: int
    terms: GttTerms

    def serve(self, gtts: GttHandler) -> None:
        """Modify it."""
        gtts.modify(self.gtt_id, self.terms)


class DeleteGtt(msgspec.Struct, frozen=True):
    """A GTT that is not wanted any more."""

    gtt_id: int

    def serve(self, gtts: GttHandler) -> None:
        """Delete it."""
        gtts.delete(self.gtt_id)


GttRequest = PlaceGtt | ModifyGtt | DeleteGtt


class TimedGtt(msgspec.Struct, frozen=True, kw_only=True):
    """A request of a script, due at the first input at or after `ts` (UTC ns)."""

    ts: int
    request: GttRequest
