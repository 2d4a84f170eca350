"""List what was taken from npm unmodified: package, version, licence, and the hash of each file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec


class Library(msgspec.Struct, frozen=True, kw_only=True):
    """One npm package of which `files` (name here to SHA-256) lie in assets/."""

    name: str
    version: str
    licence: str
    files: Mapping[str, str]


LIBRARIES: Final = (
    Library(
        name="lightweight-charts",
        version="5.2.1",
        licence="Apache-2.0",
        files={
            "lightweight-charts.js": (
                "e21cc5caa0226ef30bd8549c50b9ef926615f2a4ee6b4e486353477a55f598cf"
            ),
            "lightweight-charts.LICENSE": (
                "70c9d5382506dd184465425c08a99ad9bd6d9ac1313c252968ba0b585e5ef823"
            ),
            "lightweight-charts.NOTICE": (
                "a22533bcd651627c500795a6ac45e55ea08b5e58dce76f6a314c91384f07402a"
            ),
        },
    ),
    Library(
        name="uplot",
        version="1.6.32",
        licence="MIT",
        files={
            "uplot.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
            "uplot.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
            "uplot.LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
        },
    ),
)
