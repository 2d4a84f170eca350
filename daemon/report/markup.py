"""The border of the page: every text from outside becomes HTML here and nowhere else."""

from __future__ import annotations

from html import escape

from daemon.visible import visible


def html_text(text: str) -> str:
    """Return `text` for an element or a quoted attribute: markup inert, nothing invisible."""
    return escape(visible(text))
