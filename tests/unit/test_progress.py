"""The line that a run shows while it runs."""

from __future__ import annotations

import json
from pathlib import Path

from daemon.runtime.app import App
from daemon.runtime.build import build
from daemon.runtime.prepared_run import open_run
from daemon.runtime.progress import status_line
from daemon.settings.file import load_config
from tests.kit.cli import FUTURE, tick_rows, write_config, write_ticks

DAY = "2026-11-18"


async def test_the_line_shows_the_result_net_of_charges_as_each_exit_does(tmp_path: Path) -> None:
    ticks = write_ticks(tmp_path / "ticks.csv", tick_rows(100))
    wishes = [
        {"ts": f"{DAY}T09:15:10", "symbol": FUTURE, "signal": "BUY", "qty": 65},
        {"ts": f"{DAY}T09:15:40", "symbol": FUTURE, "signal": "EXIT"},
    ]
    (tmp_path / "script.jsonl").write_text("".join(json.dumps(each) + "\n" for each in wishes))
    strategy = (
        "    - {id: script, module: strategies.scripted, class: Scripted, "
        f"params: {{file: {tmp_path / 'script.jsonl'}}}}}\n"
    )
    config = load_config(
        write_config(tmp_path / "c.yaml", ticks, strategies=strategy), {"out": str(tmp_path)}
    )
    app = App(open_run(build(config), tmp_path), out=tmp_path)
    await app.run()
    line = status_line(app, 123_456.0)
    app.store.close()
    await app.recorder.close()
    gross, charges = app.ledger.realized_paise / 100, float(app.ledger.charges)
    assert charges > 40
    assert line.endswith(f" 0 open net P&L {gross - charges:>11,.2f}")
    assert len(line) == 70
