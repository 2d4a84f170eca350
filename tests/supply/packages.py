"""The packages that the lock files name, and what each states about itself once installed."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path
from typing import Final, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.kit.cli import ROOT

RUNTIME_LOCK: Final = ROOT / "requirements.lock"
DEV_LOCK: Final = ROOT / "requirements-dev.lock"
_LINE: Final = re.compile(r"^(?P<requirement>[a-z0-9][^\\]*==[^\\]*?) *\\$")
_IN_LICENCE_FILE: Final = {"picows": "MIT", "aiofastnet": "MIT"}
"""Packages whose metadata states no licence; read from the licence file that they ship."""


class Package(NamedTuple):
    """One pinned package: canonical name, version, licence text, and the names it requires."""

    name: str
    version: str
    licence: str
    requires: tuple[str, ...]


def locked(lock: Path) -> dict[str, str]:
    """Return the versions that a lock file pins for this interpreter, by canonical name."""
    pinned: dict[str, str] = {}
    for line in lock.read_text(encoding="utf-8").splitlines():
        if found := _LINE.match(line):
            requirement = Requirement(found["requirement"])
            if requirement.marker is None or requirement.marker.evaluate():
                version = next(iter(requirement.specifier)).version
                pinned[canonicalize_name(requirement.name)] = version
    return pinned


def packages(lock: Path) -> list[Package]:
    """Return the packages of a lock file as installed, by name.

    Raises PackageNotFoundError for one that is not installed.
    """
    pinned = locked(lock)
    return [_package(name, pinned) for name in sorted(pinned)]


def _package(name: str, pinned: dict[str, str]) -> Package:
    about = metadata.metadata(name)
    needed = [Requirement(each) for each in about.get_all("Requires-Dist") or ()]
    names = {
        canonicalize_name(each.name)
        for each in needed
        if each.marker is None or each.marker.evaluate({"extra": ""})
    }
    return Package(name, pinned[name], _licence(name, about), tuple(sorted(names & pinned.keys())))


def _licence(name: str, about: metadata.PackageMetadata) -> str:
    """Return the SPDX expression if there is one, else the classifiers, else the free text."""
    stated = about.get_all("License-Expression")
    if stated:
        return str(stated[0])
    classified = [
        each.rpartition(" :: ")[2]
        for each in about.get_all("Classifier") or ()
        if each.startswith("License :: OSI Approved :: ")
    ]
    if classified:
        return " OR ".join(sorted(classified))
    free = (about.get_all("License") or [""])[0].strip().splitlines()
    return _IN_LICENCE_FILE.get(name) or (free[0] if free else "not stated")
