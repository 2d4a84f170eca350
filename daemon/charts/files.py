"""Serve the charts' files: scripts and styles in the order in which a document needs them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ASSETS: Final = Path(__file__).parent / "assets"
ADAPTER: Final = (
    "numbers.js", "frame.js", "candle_data.js", "candle_overlay.js", "candles.js", "day_axis.js",
    "curves.js", "when_seen.js", "charts.js",
)  # fmt: skip
"""Our own scripts, each after those that it uses; the last one defines `FnoCharts`."""
SCRIPTS: Final = ("lightweight-charts.js", "uplot.js", *ADAPTER)
"""Classic scripts: a report is one file, and modules would have to be fetched."""
STYLES: Final = ("uplot.css", "charts.css")


def text_of(name: str) -> str:
    """Return a script or style, byte for byte as it lies there.

    Raises KeyError for any other name: a name from outside never becomes a path.
    """
    if name not in SCRIPTS + STYLES:
        raise KeyError(name)
    return (ASSETS / name).read_bytes().decode("utf-8")
