"""Draw a bar by attributes alone: the page allows no style in its markup."""

from __future__ import annotations


def bar(kind: str, left: float, width: float) -> str:
    """Return a bar in the colour of `kind` from `left`, `width` long, in percent of its room."""
    return (
        f'<svg class="{kind}" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect x="{left:.1f}" width="{width:.1f}" height="10"/></svg>'
    )
