"""Put the page into one document: its scripts and styles inside, each named by hash.

Nothing else can run, be styled or be fetched. Data is a block that no browser executes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from daemon.charts.files import SCRIPTS, STYLES, text_of
from daemon.report.markup import html_text, json_block

ASSETS: Final = Path(__file__).parent / "assets"
SHARED: Final = "rows.js"
"""What the scripts of all pages have in common: tables that sort."""
SCRIPT: Final = "report.js"
STYLE: Final = "report.css"
_NO_SCRIPT: Final = "tr.later{display:table-row}"
"""The style of a page whose scripts do not run: nothing waits for a button then."""


def document(title: str, body: str, data: Any, *, style: str = "", script: str = "") -> str:
    """Return the whole page; `data` is what its script reads.

    Another page than the report gives its own script, and what its style has beyond the report's.
    """
    styles = [*map(text_of, STYLES), _own(STYLE), *([style] if style else [])]
    scripts = [*map(text_of, SCRIPTS), _own(SHARED), script or _own(SCRIPT)]
    policy = (
        f"default-src 'none'; style-src {_hashes([*styles, _NO_SCRIPT])}; "
        f"script-src {_hashes(scripts)}; base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html><html lang="en-IN"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html_text(title)}</title>"
        + "".join(f"<style>{style}</style>" for style in styles)
        + f"<noscript><style>{_NO_SCRIPT}</style></noscript>"
        + f'</head><body><main>{body}</main><script type="application/json" id="data">'
        + json_block(data)
        + "</script>"
        + "".join(f"<script>{script}</script>" for script in scripts)
        + "</body></html>\n"
    )


def _own(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _hashes(texts: Sequence[str]) -> str:
    digests = (hashlib.sha256(text.encode()).digest() for text in texts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
