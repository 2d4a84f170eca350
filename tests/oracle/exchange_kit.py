"""A short hand for scenarios written by hand: one option of lot 65, step 0.05."""

from __future__ import annotations

from typing import Any

from tests.oracle.exchange_engine import Naive, watch
from tests.oracle.exchange_scenario import (
    EXECUTION,
    MS,
    SECOND,
    Cancel,
    Clock,
    Close,
    Contract,
    Event,
    Gap,
    Input,
    Modify,
    New,
    Scenario,
    Setup,
    Tick,
)

OPENS = 1_800_000_000 * SECOND
CLOSES = OPENS + 3600 * SECOND
OPTION = Contract(symbol="OPT", lot=65, step_paise=5, kind="option", opens=OPENS, closes=CLOSES)
BIDS = ((9995, 65), (9990, 195), (9985, 260), (9980, 325), (9970, 650))
ASKS = ((10000, 130), (10005, 195), (10010, 260), (10020, 325), (10050, 650))


class Script:
    """Inputs in order; each method returns the script."""

    def __init__(self, contract: Contract = OPTION, **execution: Any) -> None:
        self.setup = Setup(instruments=(contract,), execution=EXECUTION | execution)
        self.contract = contract
        self.inputs: list[Input] = []
        self.ms = 0
        self.labels = 0

    def put(self, what: Tick | Clock | Gap | Close, *requests: New | Modify | Cancel) -> Script:
        self.inputs.append(
            Input(
                ts=OPENS + self.ms * MS,
                input_no=len(self.inputs) + 1,
                what=what,
                requests=requests,
            )
        )
        return self

    def after(self, ms: int) -> Script:
        self.ms += ms
        return self

    def tick(self, ltp: int = 10000, *requests: New | Modify | Cancel, **fields: Any) -> Script:
        """A tick, 10 ms after what was before, with the book of the worked examples."""
        self.ms += 10
        given: dict[str, Any] = {"bids": BIDS, "asks": ASKS} | fields
        return self.put(Tick(symbol=self.contract.symbol, ltp=ltp, **given), *requests)

    def clock(self, *requests: New | Modify | Cancel) -> Script:
        return self.put(Clock(), *requests)

    def new(
        self,
        label: str,
        side: str,
        order_type: str,
        quantity: int,
        price: int | None = None,
        **more: Any,
    ) -> New:
        return New(
            label=label,
            symbol=self.contract.symbol,
            side="BUY" if side == "BUY" else "SELL",
            order_type=order_type,  # type: ignore[arg-type]
            quantity=quantity,
            price=price,
            **more,
        )

    @property
    def scenario(self) -> Scenario:
        return Scenario(setup=self.setup, inputs=tuple(self.inputs))

    def run(self) -> Naive:
        return watch(self.scenario)

    def events(self) -> list[Event]:
        return self.run().events


def fills(events: list[Event], label: str = "A") -> list[tuple[int, int]]:
    """(quantity, price) of each fill of an order."""
    return [
        (each["quantity"], each["price"])
        for each in events
        if each["order"] == label and each["event"] == "filled"
    ]


def story(events: list[Event], label: str = "A") -> list[str]:
    """event and reason of an order, fills left out."""
    return [
        f"{each['event']} {each['reason']}".strip()
        for each in events
        if each["order"] == label and each["event"] != "filled"
    ]
