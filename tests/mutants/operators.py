"""The mutations: small wrong versions of a source file, each one edit of its text.

Edits keep every other line as it was, so a mutant is named by file, line and column. Left alone are
annotations, docstrings and other text, asserts (the core checking itself) and what only the type
checker runs.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_COMPARE: Final = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"), ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"),
}  # fmt: skip
_BINARY: Final = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "//"), ast.FloorDiv: ("//", "*"),
    ast.Div: ("/", "*"), ast.Mod: ("%", "*"), ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"),
}  # fmt: skip
_CALLS: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}


class Edit(NamedTuple):
    """Replace the bytes [start, end) of a file; `line` counts from 1, `column` from 0."""

    line: int
    column: int
    start: int
    end: int
    new: str

    def applied(self, source: bytes) -> bytes:
        """Return the mutated source."""
        return source[: self.start] + self.new.encode() + source[self.end :]


def edits(source: bytes) -> list[Edit]:
    """Return every mutation of a source file, in the order of the text."""
    return sorted(_Finder(source).found())


class _Finder:
    def __init__(self, source: bytes) -> None:
        self._source = source
        self._starts = [0]
        for line in source.split(b"\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)

    def found(self) -> Iterator[Edit]:
        for node in _code_nodes(ast.parse(self._source)):
            yield from self._of_node(node)

    def _of_node(self, node: ast.AST) -> Iterator[Edit]:
        match node:
            case ast.Compare():
                yield from self._of_compare(node)
            case ast.BinOp() if type(node.op) in _BINARY:
                yield from self._between(node.left, node.right, *_BINARY[type(node.op)])
            case ast.AugAssign() if type(node.op) in _BINARY:
                old, new = _BINARY[type(node.op)]
                yield from self._between(node.target, node.value, f"{old}=", f"{new}=")
            case ast.BoolOp():
                old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
                for left, right in zip(node.values, node.values[1:], strict=False):
                    yield from self._between(left, right, old, new)
            case ast.UnaryOp(op=ast.Not() | ast.USub()):
                start, gap = self._at(node), self._source[self._at(node) : self._at(node.operand)]
                yield self._edit(start, start + len(gap.partition(b"(")[0]), "")
            case ast.Constant():
                yield from self._of_constant(node)
            case ast.Call(func=ast.Name(id=name)) if name in _CALLS:
                yield self._edit(self._at(node.func), self._end(node.func), _CALLS[name])
            case ast.If() | ast.While() | ast.IfExp():
                test = node.test
                yield self._edit(self._at(test), self._end(test), f"not ({self._text(test)})")
            case ast.Expr(value=ast.Call() | ast.Await() | ast.Yield()) | ast.Raise():
                yield self._edit(self._at(node), self._end(node), "pass")
            case ast.Continue():
                yield self._edit(self._at(node), self._end(node), "break")
            case ast.Break():
                yield self._edit(self._at(node), self._end(node), "continue")

    def _of_compare(self, node: ast.Compare) -> Iterator[Edit]:
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            yield from self._between(left, right, *_COMPARE[type(op)])
            left = right

    def _of_constant(self, node: ast.Constant) -> Iterator[Edit]:
        if isinstance(node.value, bool):
            yield self._edit(self._at(node), self._end(node), str(not node.value))
        elif isinstance(node.value, int):
            yield self._edit(self._at(node), self._end(node), str(node.value + 1))

    def _between(self, left: ast.AST, right: ast.AST, old: str, new: str) -> Iterator[Edit]:
        """Replace the operator in the gap between two operands."""
        start, end = self._end(left), self._at(right)
        words = r"\s+".join(map(re.escape, old.split()))
        found = re.search(words.encode(), self._source[start:end])
        if found:  # the gap of an operand in brackets holds the brackets too
            yield self._edit(start + found.start(), start + found.end(), new)

    def _edit(self, start: int, end: int, new: str) -> Edit:
        line = next(n for n, at in enumerate(self._starts) if at > start)
        return Edit(line, start - self._starts[line - 1], start, end, new)

    def _at(self, node: ast.AST) -> int:
        return int(self._starts[node.lineno - 1] + node.col_offset)  # type: ignore[attr-defined]

    def _end(self, node: ast.AST) -> int:
        return int(self._starts[node.end_lineno - 1] + node.end_col_offset)  # type: ignore[attr-defined]

    def _text(self, node: ast.AST) -> str:
        return self._source[self._at(node) : self._end(node)].decode()


def _code_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run and decide something."""
    if isinstance(node, ast.Assert | ast.JoinedStr):
        return
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "bases") or (
            name == "keywords" and isinstance(node, ast.ClassDef)
        ):
            continue
        if isinstance(node, ast.Subscript) and name == "slice" and _is_type(node):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _code_nodes(child)


def _is_type(node: ast.Subscript) -> bool:
    """Tell whether this is `Literal[1]` or the like, outside an annotation."""
    return isinstance(node.value, ast.Name) and node.value.id[:1].isupper()
