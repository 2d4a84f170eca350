"""The broker's own client as a program: `URL OUT TOKEN...` writes every tick as a line of JSON.

It needs a process of its own, since its reactor starts once and its imports warn.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any

from kiteconnect import KiteTicker  # type: ignore[import-untyped]


def main(url: str, out: str, tokens: list[int]) -> None:
    """Subscribe to the tokens in full mode and listen until the server closes."""
    ticker = KiteTicker("key", "token", root=url, reconnect=False)
    with Path(out).open("w") as file:

        def on_connect(ws: Any, response: Any) -> None:
            ws.subscribe(tokens)
            ws.set_mode(ws.MODE_FULL, tokens)

        def on_ticks(ws: Any, ticks: list[dict[str, Any]]) -> None:
            file.writelines(
                json.dumps(each, default=dt.datetime.timestamp) + "\n" for each in ticks
            )

        def on_close(ws: Any, code: int, reason: str) -> None:
            ws.stop()

        ticker.on_connect, ticker.on_ticks, ticker.on_close = on_connect, on_ticks, on_close
        ticker.connect()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], [int(each) for each in sys.argv[3:]])
