"""`where`: a condition over the numbers of a variant, such as `trades >= 30 and net > 0`."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from daemon.files.yaml_document import near_match
from daemon.lab.sweep.numbers import ALSO_CALLED, NUMBERS

_COMPARE: Final[Mapping[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
_EXPECTED: Final = "expected comparisons of numbers, such as trades >= 30 and max_drawdown < 50000"
Row = Mapping[str, Any]


def condition_problem(text: str) -> str:
    """Return what is wrong with a condition, "" if nothing is."""
    try:
        tree = ast.parse(text, mode="eval").body
        names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
        known = [*NUMBERS, *ALSO_CALLED]
        for name in names:
            if name not in known:
                return f"{name!r} is no number of a variant{near_match(name, known)}"
        _check(tree)
    except (SyntaxError, ValueError, RecursionError):
        return _EXPECTED
    return ""


def holds(text: str, row: Row) -> bool:
    """Return whether a row satisfies a condition; one with a number that is null does not.

    An empty condition holds. Raises ValueError for what `condition_problem` refuses.
    """
    return not text or _is_true(ast.parse(text, mode="eval").body, row)


def _check(node: ast.expr) -> None:
    for part in _walked(node):
        if not isinstance(part, ast.Compare):
            continue
        for side in (part.left, *part.comparators):
            _number(side, {})
        if not all(type(each) in _COMPARE for each in part.ops):
            raise ValueError(_EXPECTED)


def _walked(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BoolOp):
        for part in node.values:
            yield from _walked(part)
    elif isinstance(node, ast.Compare):
        yield node
    else:
        raise ValueError(_EXPECTED)


def _is_true(node: ast.expr, row: Row) -> bool:
    if isinstance(node, ast.BoolOp):
        parts = (_is_true(part, row) for part in node.values)
        return all(parts) if isinstance(node.op, ast.And) else any(parts)
    if not isinstance(node, ast.Compare):
        raise ValueError(_EXPECTED)
    sides = [_number(side, row) for side in (node.left, *node.comparators)]
    return None not in sides and all(
        _COMPARE[type(op)](left, right)
        for op, left, right in zip(node.ops, sides, sides[1:], strict=False)
    )


def _number(node: ast.expr, row: Row) -> float | None:
    if isinstance(node, ast.Name):
        return row.get(ALSO_CALLED.get(node.id, node.id))
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value  # type: ignore[return-value]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        below = _number(node.operand, row)
        return None if below is None else -below
    raise ValueError(_EXPECTED)
