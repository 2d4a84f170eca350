"""The files of the page: a fixed table of names, read once at the start."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final, NamedTuple

_WEB: Final = Path(__file__).parent.parent
_CHARTS: Final = _WEB.parent / "charts" / "assets"
TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".txt": "text/plain; charset=utf-8",
    "": "text/plain; charset=utf-8",
}
OPEN_TO_ALL: Final = ("login.css", "js/login.js")
"""Files of the login page, which need no session."""


class Asset(NamedTuple):
    """A file's bytes, their kind, and the tag that says whether they changed."""

    body: bytes
    kind: str
    tag: str


def page_assets() -> dict[str, Asset]:
    """Return the page's own files by name, such as `js/page.js`."""
    return _files(_WEB / "assets")


def chart_assets() -> dict[str, Asset]:
    """Return the files of the charts by name, none where they are not installed."""
    return _files(_CHARTS)


def _files(folder: Path) -> dict[str, Asset]:
    found = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and path.suffix in TYPES:
            found[path.relative_to(folder).as_posix()] = _asset(path)
    return found


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    tag = hashlib.blake2b(body, digest_size=8).hexdigest()
    return Asset(body, TYPES[path.suffix], f'"{tag}"')
