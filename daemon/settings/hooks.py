"""Where messages of charting services arrive."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from daemon.settings.section import HostName, Section


class HooksConfig(Section, frozen=True, kw_only=True):
    """The listener of hooks (docs/HOOKS.md), in the page's process and on a port of its own."""

    host: HostName = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65_535)] = 8502
