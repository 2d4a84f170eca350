"""What the core does not do, as checks over one module's syntax tree.

A check yields `(line, text of the line)`. A `match` over a closed union is no `isinstance`: the
type checker sees whether a case is missing.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final

from tests.kit.source import Module, dotted

Fault = tuple[int, str]
Check = Callable[[Module], Iterator[Fault]]
LONGEST_CLASS: Final = 300
LONGEST_ENGINE: Final = 250
_PROTOCOLS: Final = {"Protocol", "typing.Protocol"}


def foreign_assignments(module: Module) -> Iterator[Fault]:
    """Yield every assignment to an attribute of another object than `self` or `cls`."""
    for node in ast.walk(module.tree):
        for target in _targets(node):
            if isinstance(target, ast.Attribute) and not _is_own(target.value):
                yield _fault(module, target.lineno)


def any_annotations(module: Module) -> Iterator[Fault]:
    """Yield every line that names `typing.Any`, but for its import."""
    lines = {
        node.lineno
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Name | ast.Attribute) and dotted(node) in {"Any", "typing.Any"}
    }
    yield from (_fault(module, line) for line in sorted(lines))


def own_isinstance(module: Module, own: Collection[str]) -> Iterator[Fault]:
    """Yield every `isinstance` or `issubclass` that asks for one of the `own` classes."""
    for node in ast.walk(module.tree):
        if (
            isinstance(node, ast.Call)
            and dotted(node.func) in {"isinstance", "issubclass"}
            and len(node.args) == 2
            and any(
                isinstance(name, ast.Name | ast.Attribute)
                and dotted(name).rpartition(".")[2] in own
                for name in ast.walk(node.args[1])
            )
        ):
            yield _fault(module, node.lineno)


def empty_methods(module: Module) -> Iterator[Fault]:
    """Yield every method, outside protocols, that does nothing: a hook for somebody to override."""
    for owner in ast.walk(module.tree):
        if not isinstance(owner, ast.ClassDef):
            continue
        if any(dotted(_unsubscripted(base)) in _PROTOCOLS for base in owner.bases):
            continue
        for method in owner.body:
            if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and all(
                map(_does_nothing, method.body)
            ):
                yield _fault(module, method.lineno)


def long_classes(module: Module) -> Iterator[Fault]:
    """Yield every class longer than 300 lines."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef) and _length(node) > LONGEST_CLASS:
            yield _fault(module, node.lineno)


def engine_faults(module: Module) -> Iterator[Fault]:
    """Yield `ExecutionEngineV3` if it has a base class or more than 250 lines."""
    for node in ast.walk(module.tree):
        if (
            isinstance(node, ast.ClassDef)
            and node.name == "ExecutionEngineV3"
            and (node.bases or _length(node) > LONGEST_ENGINE)
        ):
            yield _fault(module, node.lineno)


def kite_comparisons(module: Module) -> Iterator[Fault]:
    """Yield every comparison with "kite": a feed's kind is looked up in a table instead."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Compare):
            sides: list[ast.AST] = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            sides = [node.value]
        else:
            continue
        constants = (part for side in sides for part in ast.walk(side))
        if any(isinstance(part, ast.Constant) and part.value == "kite" for part in constants):
            yield _fault(module, sides[0].lineno)  # type: ignore[attr-defined]


def class_names(found: Sequence[Module]) -> frozenset[str]:
    """Return the name of every class of the program."""
    return frozenset(
        node.name
        for module in found
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    )


def _targets(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what a statement assigns to or deletes, tuples taken apart."""
    waiting: list[ast.expr] = []
    if isinstance(node, ast.Assign | ast.Delete):
        waiting += node.targets
    elif isinstance(node, ast.AugAssign | ast.AnnAssign | ast.For | ast.AsyncFor):
        waiting.append(node.target)
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        waiting.append(node.optional_vars)
    while waiting:
        target = waiting.pop()
        if isinstance(target, ast.Tuple | ast.List):
            waiting += target.elts
        elif isinstance(target, ast.Starred):
            waiting.append(target.value)
        else:
            yield target


def _is_own(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"self", "cls"}


def _unsubscripted(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Subscript) else node


def _does_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Return):
        return node.value is None or (
            isinstance(node.value, ast.Constant) and node.value.value is None
        )
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_text or isinstance(node, ast.Pass)


def _length(node: ast.ClassDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _fault(module: Module, line: int) -> Fault:
    return line, module.text.splitlines()[line - 1].strip()
