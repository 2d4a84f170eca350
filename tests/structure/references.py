"""References from code, comments and documents to a section, a row or a decision.

One form, so that both ends can be checked:

    SEMANTICS, "Fills"      a heading of docs/SEMANTICS.md, without its number
    ARCHITECTURE R4         a row of a table, or a list entry, that begins with R4
    decision 0033           docs/decisions/0033-*.md
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

SOURCES: Final = ("daemon", "feeds", "strategies", "tests", "configs")
SUFFIXES: Final = {".py", ".md", ".yaml", ".service", ".timer", ".sh"}
_DOCUMENTS: Final = (
    "SEMANTICS|ARCHITECTURE|DATA_FORMATS|RELIABILITY|PERFORMANCE|LIVE|RUNBOOK|STRATEGIES"
    "|EXECUTION_ENGINE_V3_GUIDE"
)
_TITLE: Final = re.compile(rf'\b({_DOCUMENTS}), "([^"<>]+)"')
_ROW: Final = re.compile(rf"\b({_DOCUMENTS}) ([A-Z]{{1,2}}\d+)\b")
_DECISION: Final = re.compile(r"\bdecision (\d{4})\b")
_UNCHECKED: Final = re.compile(
    # a number says nothing of what it meant when sections move
    r"(?<!RFC \d{4} )\bsections? \d+\b"
    rf"|\b(?:{_DOCUMENTS})(?:\.md)?,? (?:sections? )?\d+\b"
    # files and ids that no reader has
    r"|\bdesign (?:D\d+|sections?\b)|\b(?:semantics|design|domain|reliability)\.md\b"
    r"|\breliability [RA]\d+\b|\(R\d+\)",
)
_JOINED: Final = re.compile(r"\s*\n\s*(?:#:? ?|> ?)?")


class Reference(NamedTuple):
    """What a text refers to; `place` is empty for a whole decision."""

    document: str
    place: str


def references(text: str) -> Iterator[Reference]:
    """Yield every reference in the form above, also one that is broken over two lines."""
    joined = _JOINED.sub(" ", text)
    for kind in (_TITLE, _ROW):
        yield from (Reference(*found.groups()) for found in kind.finditer(joined))
    yield from (Reference(found.group(1), "") for found in _DECISION.finditer(joined))


def unchecked(text: str) -> list[str]:
    """Return every reference in a form that cannot be checked."""
    return [found.group() for found in _UNCHECKED.finditer(_JOINED.sub(" ", text))]


def is_there(reference: Reference, docs: Path) -> bool:
    """Return whether what it refers to is in the documents."""
    if not reference.place:
        return any(docs.glob(f"decisions/{reference.document}-*.md"))
    path = docs / f"{reference.document}.md"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if re.fullmatch(r"[A-Z]{1,2}\d+", reference.place):
        return bool(re.search(rf"^(?:\| |[-*] \**)`?{reference.place}\b", text, re.MULTILINE))
    return reference.place in titles(text)


def titles(text: str) -> set[str]:
    """Return the headings of a document, without their numbers and marks."""
    found = re.findall(r"^#{1,4} (?:\d+\. )?(.+)$", text, re.MULTILINE)
    return {title.replace("`", "") for title in found}


def texts(root: Path) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of every file that may refer to something."""
    places = [root / name for name in (*SOURCES, "docs")]
    files = [path for place in places for path in sorted(place.rglob("*"))]
    files += [root / name for name in ("README.md", "run_fno_paper.py", "Makefile")]
    for path in files:
        if path.suffix in SUFFIXES or path.name == "Makefile":
            yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
