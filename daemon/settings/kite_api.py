"""Kite Connect's API on paper: where it listens, and how it treats a program's requests."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from daemon.settings.section import HostName, Section


class KiteApiConfig(Section, frozen=True, kw_only=True):
    """The listener of the paper API (docs/KITE_API.md), in the page's process."""

    enabled: bool = True
    listen: HostName = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65_535)] | None = None
    """null: one above the page's, 8501 by default."""


class ApiConfig(Section, frozen=True, kw_only=True):
    """How requests of programs are treated."""

    rates: Literal["kite", "off"] = "kite"
    """`off`: read as often as you like; the engine counts orders all the same."""
    default_protection: Annotated[float, Meta(ge=-1, le=100)] = 0.0
    """Percent for a MARKET or SL-M without `market_protection`; -1: Kite's slabs; 0: none, which is
    refused since 2026-04-01."""
