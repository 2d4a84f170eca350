"""The border of the page: every text from outside becomes HTML here and nowhere else."""

from __future__ import annotations

from html import escape
from typing import Any

import msgspec

from daemon.visible import visible


def html_text(text: str) -> str:
    """Return `text` for an element or a quoted attribute: markup inert, nothing invisible."""
    return escape(visible(text))


def json_block(value: Any) -> str:
    """Return `value` as JSON for a script element that holds data; no text in it can end it."""
    return msgspec.json.encode(value).decode().replace("<", "\\u003c")
