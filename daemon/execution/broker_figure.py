"""What a broker says that the positions block, as long as they are the ones it was asked about."""

from __future__ import annotations

from daemon.domain.held_rows import held_rows
from daemon.domain.inputs import BrokerMargin
from daemon.domain.ledger import Ledger
from daemon.domain.statistics import BROKER


class BrokerFigure:
    """The broker's figure less the model's of the same positions: what corrects the model.

    So the gate can add an order, which the broker was not asked about. After any other position
    the model counts alone until the broker has answered again.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._answer: BrokerMargin | None = None
        self._correction = 0

    def take(self, answer: BrokerMargin, modelled: int) -> None:
        """Take an answer, with what the model gives now for the positions, rupees."""
        self._answer = answer
        self._correction = answer.blocked_rupees - modelled

    @property
    def is_known(self) -> bool:
        """Whether the broker was asked about what is held now."""
        answer = self._answer
        return answer is not None and answer.held == held_rows(self._ledger)

    @property
    def source(self) -> str:
        """Whose figure counts now: `broker`, or `model` where it has not answered."""
        return BROKER if self.is_known else "model"

    @property
    def correction(self) -> int:
        """What to add to the model's figure, rupees."""
        return self._correction if self.is_known else 0
