"""What every part of the configuration is, and kinds of values that several have."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

HOST_NAME: Final = r"^[A-Za-z0-9.:-]{1,253}\Z"
"""A host's name or its address, IPv6 without brackets; no port."""
HostName = Annotated[str, Meta(pattern=HOST_NAME)]
Seconds = Annotated[float, Meta(ge=0, le=1e9)]
PositiveSeconds = Annotated[float, Meta(gt=0, le=1e9)]
Count = Annotated[int, Meta(ge=0, le=10**9)]
PositiveCount = Annotated[int, Meta(ge=1, le=10**9)]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the configuration; a key that it does not have is an error."""
