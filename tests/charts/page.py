"""Pages that hold charts of made data and a probe that looks at them from inside."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from daemon.charts.files import SCRIPTS, STYLES, text_of

START: Final = 1_795_146_300
"""Friday 2026-11-20 09:15 IST, UTC seconds."""
DAY_S: Final = 86_400
_COLOURS: Final = (
    ":root{--ink:#111111;--muted:#555555;--line:#dddddd;--accent:#0000ff;--gain:#008000;"
    "--loss:#ff0000;--card:#ffffff}body{margin:8px}"
)
WATCH: Final = """
window.texts = [];
const plain = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
  const scale = this.getTransform().a / devicePixelRatio;
  const px = parseFloat(this.font.match(/([\\d.]+)px/)[1]) * scale;
  texts.push({text, x, px, fill: this.fillStyle});
  return plain.apply(this, arguments);
};
"""
"""Notes every text that is drawn on a canvas, with its size in px of the screen."""
_MAKE: Final = """
window.told = [];
const main = document.querySelector("main");
window.elements = data.map(() => main.appendChild(document.createElement("div")));
document.addEventListener("fno-trade", event => told.push(event.detail.trade));
"""


def page(path: Path, data: Sequence[Any], script: str) -> Path:
    """Write a page with an element for each of `data`, and the charts' files.

    Its content policy names scripts and styles by hash: what a chart must do with. `script` makes
    the charts.
    """
    given = json.dumps(data).replace("<", "\\u003c")
    scripts = [WATCH, *map(text_of, SCRIPTS), f"const data = {given};{_MAKE}{script}"]
    styles = [_COLOURS, *map(text_of, STYLES)]
    policy = f"default-src 'none'; script-src {_hashes(scripts)}; style-src {_hashes(styles)}"
    path.write_text(
        '<!doctype html><html lang="en-IN"><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        + "".join(f"<style>{style}</style>" for style in styles)
        + "<body><main></main>"
        + "".join(f"<script>{script}</script>" for script in scripts),
        encoding="utf-8",
    )
    return path


def _hashes(texts: Sequence[str]) -> str:
    digests = (hashlib.sha256(text.encode()).digest() for text in texts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def candles(minutes: int = 375) -> dict[str, Any]:
    """A day of minutes that rises and falls, with one trade, its stop and its target."""
    rows = [
        [START + 60 * at, 100 + at % 20, 101 + at % 20, 99 + at % 20, 100 + at % 20, 75 * at]
        for at in range(minutes)
    ]
    trade = "O-1"
    return {
        "title": "NIFTY26NOV25000CE",
        "line": "Candles of a minute, one trade.",
        "candles": rows,
        "fills": [
            {"t": START + 63, "price": 101, "side": "buy", "kind": "entry", "won": None,
             "text": "bought 75 at 101.00", "trade": trade},
            {"t": START + 3600, "price": 110, "side": "sell", "kind": "exit", "won": True,
             "text": "sold 75 at 110.00: take profit", "trade": trade},
        ],
        "steps": [
            {"name": "stop", "trade": trade,
             "points": [[START + 63, 95], [START + 1800, 101], [START + 3600, None]]},
            {"name": "target", "trade": trade, "points": [[START + 63, 110], [START + 3600, None]]},
        ],
    }  # fmt: skip


def curves(days: int = 1) -> dict[str, Any]:
    """Net P&L of some days, a point a minute, and what was closed."""
    points = [
        [START + DAY_S * day + 60 * at, 10 * (at % 30) - 100 + 50 * day]
        for day in range(days)
        for at in range(0, 376, 15)
    ]
    return {
        "title": "Equity",
        "line": "Net of charges.",
        "unit": "rupees",
        "series": [
            {"name": "net", "kind": "net", "points": points},
            {"name": "closed trades", "kind": "closed", "points": points[::7]},
        ],
    }
