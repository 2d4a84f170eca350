"""Prints a summary: tables on a terminal, plain aligned text where the output is a file."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from msgspec.structs import replace
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from daemon.report.blocks import Block, summary_blocks
from daemon.report.summary import RunSummary


def print_summary(summary: RunSummary, console: Console) -> None:
    """Show a summary on `console`, coloured only where it is a terminal."""
    if not console.is_terminal:
        console.file.write(summary_text(summary))
        return
    for block in summary_blocks(summary):
        _print_block(block, console)


def summary_text(summary: RunSummary) -> str:
    """The summary as plain text, the same for every width of the terminal."""
    return "\n".join(_plain(block) for block in summary_blocks(summary))


def _plain(block: Block) -> str:
    table = [list(block.header)] if block.header and block.rows else []
    table += [[_one_line(cell) for cell in row] for row in block.rows]
    widths = [max(map(len, column)) for column in zip_longest(*table, fillvalue="")]
    lines = [_one_line(block.title)]
    lines += [f"  {_align(row, widths, block.right)}" for row in table]
    if block.note:
        lines.append(f"  {_one_line(block.note)}")
    return "\n".join(lines) + "\n"


def _align(row: Sequence[str], widths: Sequence[int], right: frozenset[int]) -> str:
    cells = (
        cell.rjust(width) if at in right else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(row, widths, strict=False))
    )
    return "  ".join(cells).rstrip()


def _one_line(text: str) -> str:
    # Names come from files: a control character must not write over the terminal.
    return "".join(char if char.isprintable() else "?" for char in text)


def _print_block(block: Block, console: Console) -> None:
    style = "bold yellow" if block.warning else "bold"
    console.print(Text(_one_line(block.title), style=style))
    if block.rows:
        table = _table(block)
        unbounded = console.options.update(max_width=10_000)
        fits = Measurement.get(console, unbounded, table).maximum <= console.width
        if not fits:  # a table would cut numbers short; plain lines wrap
            console.file.write(_plain(replace(block, title="", note="")).lstrip("\n"))
        else:
            console.print(table)
    if block.note:
        console.print(Text(f"  {_one_line(block.note)}", style=style))
    console.print()


def _table(block: Block) -> Table:
    table = Table(box=SIMPLE_HEAD if block.header else None, show_header=bool(block.header))
    for at in range(max(map(len, block.rows))):
        name = block.header[at] if block.header else ""
        table.add_column(name, justify="right" if at in block.right else "left", no_wrap=True)
    for row in block.rows:
        table.add_row(*(_coloured(cell) for cell in row))
    return table


def _coloured(cell: str) -> Text:
    text = _one_line(cell)
    digits = text[1:2].isdigit()
    if digits and text.startswith("+"):
        return Text(text, style="cyan")
    if digits and text.startswith("-"):
        return Text(text, style="dark_orange")
    return Text(text)
