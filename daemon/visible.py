"""Texts from outside as one visible line: symbols, tags, notes, file names, error messages.

Each medium calls this at its border (the log's lines, the terminal, the service manager's status,
the report), so that no name can move the cursor, add a line or turn a line around.
"""

from __future__ import annotations

import json


def visible(text: str) -> str:
    r"""Return `text` with every character that does not print written as its escape.

    Escaped are control characters (ESC is `\x1b`, a newline `\n`), line and paragraph separators,
    every space but the plain one, bidirectional and zero-width marks, and lone surrogates.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def visible_lines(text: str) -> str:
    """Return `text` with its newlines kept and everything else as in `visible`.

    Only for texts whose parts went through `visible` already, and for tracebacks.
    """
    return "\n".join(visible(line) for line in text.split("\n"))


def visible_json(text: str) -> str:
    """Return one line of JSON with what does not print as JSON's own escapes: the same value."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
