"""The fault of a margin that cannot be computed."""

from __future__ import annotations


class MarginUnknown(Exception):
    """A margin cannot be computed; the text says why in a line."""
