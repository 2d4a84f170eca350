"""The licences of everything that is installed, as a table, and the ones that are not allowed."""

from __future__ import annotations

import re
from typing import Final

from daemon.charts.vendored import LIBRARIES
from tests.supply.packages import DEV_LOCK, RUNTIME_LOCK, Package, locked, packages

COPYLEFT: Final = re.compile(r"\b(A|L)?GPL|General Public License", re.IGNORECASE)
"""Not allowed, neither at run time nor for development."""
_HEAD: Final = """\
# Licences

Every package that the lock files name, with the licence it states. `make licences` writes this
file. A test compares it with the lock files and refuses the GPL, LGPL and AGPL. MPL-2.0 (certifi
at run time; hypothesis, pathspec and tqdm for development, and axe-core, which the browser tests
carry) covers only the files of those packages, which are used unmodified.

| package | version | licence | needed |
| --- | --- | --- | --- |
"""

_VENDORED: Final = """
Taken from npm and kept unmodified in `daemon/charts/assets/`, each with its licence next to it
(and the notice, where there is one):

| package | version | licence | needed |
| --- | --- | --- | --- |
"""


def table() -> str:
    """Return docs/LICENCES.md."""
    runtime = locked(RUNTIME_LOCK)
    rows = [
        f"| {each.name} | {each.version} | {each.licence} | "
        f"{'at run time' if each.name in runtime else 'for development'} |\n"
        for each in packages(DEV_LOCK)
    ]
    vendored = [
        f"| {library.name} | {library.version} | {library.licence} | for charts |\n"
        for library in LIBRARIES
    ]
    return _HEAD + "".join(rows) + _VENDORED + "".join(vendored)


def refused(found: list[Package]) -> list[Package]:
    """Return the packages whose licence is not allowed or not stated."""
    return [each for each in found if COPYLEFT.search(each.licence) or each.licence == "not stated"]
