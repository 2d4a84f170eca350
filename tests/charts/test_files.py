"""What was taken from npm is what npm has, with its licence, and nothing else is served."""

from __future__ import annotations

import hashlib
import re

import pytest

from daemon.charts.files import ADAPTER, ASSETS, SCRIPTS, STYLES, text_of
from daemon.charts.vendored import LIBRARIES, Library

OURS = {*ADAPTER, "charts.css"}


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
def test_a_vendored_file_is_byte_for_byte_that_of_its_package(library: Library) -> None:
    for name, digest in library.files.items():
        assert hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() == digest, name


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
def test_a_vendored_script_names_its_version_and_has_its_licence(library: Library) -> None:
    assert f"v{library.version}" in text_of(f"{library.name}.js")[:300]
    licence = (ASSETS / f"{library.name}.LICENSE").read_text(encoding="utf-8")
    assert {"Apache-2.0": "Apache License", "MIT": "The MIT License"}[library.licence] in licence


def test_every_file_is_ours_or_listed() -> None:
    listed = {name for library in LIBRARIES for name in library.files}
    assert {each.name for each in ASSETS.iterdir()} == listed | OURS
    assert {*SCRIPTS, *STYLES} <= listed | OURS


@pytest.mark.parametrize("name", ["../files.py", "/etc/passwd", "uplot.LICENSE", "", "CHARTS.JS"])
def test_no_other_name_is_served(name: str) -> None:
    with pytest.raises(KeyError):
        text_of(name)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_may_stand_inside_a_document_and_needs_no_eval(name: str) -> None:
    script = text_of(name)
    for word in ("</script", "<!--", "eval(", "new Function"):
        assert word not in script


def test_the_page_loads_the_scripts_in_the_order_of_the_table() -> None:
    page = (ASSETS.parent.parent / "web/assets/page.html").read_text(encoding="utf-8")
    assert tuple(re.findall(r'<script src="/charts/([\w.-]+)" defer>', page)) == SCRIPTS
    assert tuple(re.findall(r'<link rel="stylesheet" href="/charts/([\w.-]+)">', page)) == STYLES


@pytest.mark.parametrize("name", ADAPTER)
def test_a_script_of_ours_stays_short(name: str) -> None:
    assert text_of(name).count("\n") < 200
