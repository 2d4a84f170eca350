"""Prints a summary: lines that fit the terminal, coloured where there is one."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from daemon.report.block import Block
from daemon.report.blocks import summary_blocks
from daemon.report.summary import RunSummary
from daemon.visible import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

PLAIN_WIDTH: Final = 100
"""Columns of a summary that goes to a file or a pipe."""
_INDENT: Final = "  "
_GAIN: Final = r"(?<!\S)\+\d[\d,.]*"
_LOSS: Final = r"(?<!\S)-\d[\d,.]*"


def print_summary(summary: RunSummary, console: Console) -> None:
    """Show a summary on `console`, coloured only where it is a terminal."""
    if not console.is_terminal:
        console.file.write(summary_text(summary))
        return
    from rich.text import Text

    for block in summary_blocks(summary):
        style = "bold yellow" if block.warning else "bold"
        title, *lines = _lines(block, console.width, wraps=True)
        console.print(Text(title, style=style), soft_wrap=True)
        for line in lines:
            console.print(_coloured(line), soft_wrap=True)
        console.print()


def summary_text(summary: RunSummary, width: int = PLAIN_WIDTH) -> str:
    """Return the summary as plain text: tables of at most `width` columns, a note on its line."""
    parts = [_lines(block, width, wraps=False) for block in summary_blocks(summary)]
    return "\n".join("".join(f"{line}\n" for line in lines) for lines in parts)


def _lines(block: Block, width: int, *, wraps: bool) -> list[str]:
    """Return title and rows in the block's widest form that fits; a number is never cut.

    `wraps`: sentences go on below themselves; a file keeps each on its line, to be searched.
    """
    while block.narrow is not None and _width(block) > width:
        block = block.narrow
    lines = [visible(block.title)]
    if block.wraps and wraps:
        lines += [line for row in block.rows for line in _wrapped(row[0], width)]
    else:
        lines += _table(block)
    if block.note:
        note = _wrapped(block.note, width) if wraps else [_INDENT + visible(block.note)]
        lines += note
    return lines


def _width(block: Block) -> int:
    return max(map(len, _table(block)), default=0)


def _table(block: Block) -> list[str]:
    rows = [[visible(cell) for cell in row] for row in block.rows]
    table = [list(block.header), *rows] if block.header and rows else rows
    widths = [max(map(len, column)) for column in zip_longest(*table, fillvalue="")]
    head = len(table) - len(rows)
    return [
        _INDENT + line
        for at, row in enumerate(table)
        for line in _row(
            row, widths, block.right, block.below[at - head : at - head + 1], at < head
        )
    ]


def _row(
    cells: Sequence[str],
    widths: Sequence[int],
    right: frozenset[int],
    below: Sequence[str],
    is_head: bool,
) -> Iterator[str]:
    padded = (
        cell.rjust(width) if at in right else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=False))
    )
    yield "  ".join(padded).rstrip()
    if not is_head:
        yield from map(visible, below)


def _wrapped(text: str, width: int) -> list[str]:
    """Return a sentence as lines, later ones indented; a word that is too long is left whole."""
    return textwrap.wrap(
        visible(text),
        width,
        initial_indent=_INDENT,
        subsequent_indent=_INDENT * 2,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _coloured(line: str) -> Text:
    from rich.text import Text

    text = Text(line)
    text.highlight_regex(_GAIN, "cyan")
    text.highlight_regex(_LOSS, "dark_orange")
    return text
