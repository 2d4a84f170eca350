"""What is installed is pinned by hash, licensed for any use, and listed."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.kit.cli import ROOT
from tests.supply.licences import refused, table
from tests.supply.packages import DEV_LOCK, RUNTIME_LOCK, Package, locked, packages
from tests.supply.sbom import sbom

LOCKS = pytest.mark.parametrize("lock", [RUNTIME_LOCK, DEV_LOCK], ids=lambda each: each.name)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@LOCKS
def test_a_lock_names_packages_versions_and_hashes_and_nothing_else(lock: Path) -> None:
    for line in lock.read_text(encoding="utf-8").splitlines():
        pinned = re.fullmatch(r"[a-z0-9-]+==[^ ]+( ; [^:/]+)? \\", line)
        assert pinned or re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line), line


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        (RUNTIME_LOCK, PROJECT["dependencies"]),
        (DEV_LOCK, PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]),
    ],
    ids=["runtime", "dev"],
)
def test_a_lock_satisfies_every_requirement_of_the_package(lock: Path, wanted: list[str]) -> None:
    pinned = locked(lock)
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)])


def test_both_locks_pin_the_same_versions() -> None:
    assert locked(RUNTIME_LOCK).items() <= locked(DEV_LOCK).items()


def test_no_package_is_under_a_copyleft_licence_or_none() -> None:
    assert refused(packages(DEV_LOCK)) == []


@pytest.mark.parametrize(
    "licence",
    ["GPL-3.0-only", "LGPLv2+", "AGPL-3.0", "GNU General Public License v3 (GPLv3)", "not stated"],
)
def test_a_copyleft_licence_is_refused(licence: str) -> None:
    assert refused([Package("some", "1", licence, ())])


def test_the_list_of_licences_is_that_of_the_locks() -> None:
    assert (ROOT / "docs/LICENCES.md").read_text(encoding="utf-8") == table()


def test_the_bill_of_materials_has_every_runtime_package_with_its_licence() -> None:
    bom = json.loads(sbom(packages(RUNTIME_LOCK)))
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.6")
    assert {each["name"]: each["version"] for each in bom["components"]} == locked(RUNTIME_LOCK)
    assert all(each["licenses"] for each in bom["components"])
    refs = {each["ref"]: each.get("dependsOn", []) for each in bom["dependencies"]}
    assert any(
        each.startswith("httpcore==")
        for each in next(needed for ref, needed in refs.items() if ref.startswith("httpx=="))
    )
