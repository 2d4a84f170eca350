"""The words of the program: names, docstrings, comments, and what the glossary keeps them from."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from tests.kit.source import Module

Function = ast.FunctionDef | ast.AsyncFunctionDef
Fault = tuple[int, str]
AVOIDED: Final = (
    "so many", "for ever", "anew", "beside", "goes on", "is told", "somebody else's", "of ours",
    "nobody", "is none",
)  # fmt: skip
_AVOIDED: Final = re.compile(
    r"\bis\s+none\b|(?i:\b(?:"  # `is None` is Python and no prose
    + "|".join(phrase.replace(" ", r"\s+") for phrase in AVOIDED if phrase != "is none")
    + r")\b)"
)
_NOT_VERBS = """
a all also an any anything as at back bad best both by each either every everything few first
for from half here highest how if in is it its last latest least lowest many more most
nearest never no none not nothing of on one only other our same so some such that the their
then there these this those three to true false two until what whatever when where whether
which while who whole whose why with without yes zero
"""
NOT_VERBS: Final = frozenset(_NOT_VERBS.split())
_VERBS_IN_S: Final = frozenset({"focus"})  # others in "ss" are seen by that ending
_VERBS_IN_ING: Final = frozenset({"bring", "ping", "ring", "string", "sing"})
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_ENTRY: Final = re.compile(r"`([^`]+)`(?: in `([^`]+)`)?")


class Term(NamedTuple):
    """A row of the glossary; `banned` has (name, path) with an empty path for everywhere."""

    term: str
    banned: tuple[tuple[str, str], ...]


def glossary(text: str) -> list[Term]:
    """Return the table under "## Words" of ARCHITECTURE."""
    section = text.split("\n## Words\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:2] == "| "]
    return [Term(row[0], tuple(_ENTRY.findall(row[2])) if len(row) > 2 else ()) for row in rows[2:]]


def named_against(term: Term, module: Module) -> Iterator[Fault]:
    """Yield every name of a module that uses a word which the glossary gives to something else."""
    for name, path in term.banned:
        if module.path.startswith(path):
            yield from (found for found in names(module) if uses(found[1], name))


def uses(name: str, banned: str) -> bool:
    """Return whether a name is the banned one or, for one in lower case, has its words in it.

    `settl*` stands for every word that begins with `settl`.
    """
    if banned != banned.lower():
        return name == banned
    wanted = banned.split("_")
    found = [word.lower() for word in _WORDS.findall(name)]
    return any(
        all(map(_is_word, found[start:], wanted)) for start in range(len(found) - len(wanted) + 1)
    )


def _is_word(found: str, wanted: str) -> bool:
    return found.startswith(wanted[:-1]) if wanted.endswith("*") else found == wanted


@cache
def names(module: Module) -> tuple[Fault, ...]:
    """Return the file's own name, and every function, class, attribute and module-wide name."""
    return tuple(_names(module))


def _names(module: Module) -> Iterator[Fault]:
    yield 1, PurePosixPath(module.path).stem
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        if isinstance(node, ast.Module | ast.ClassDef):
            for statement in node.body:
                targets = statement.targets if isinstance(statement, ast.Assign) else []
                if isinstance(statement, ast.AnnAssign):
                    targets = [statement.target]
                yield from (
                    (each.lineno, each.id) for each in targets if isinstance(each, ast.Name)
                )


def avoided_phrases(module: Module) -> Iterator[Fault]:
    """Yield every avoided phrase in a comment, a docstring or a text for people."""
    for line, text in [*_comments(module.text), *_texts(module.tree)]:
        yield from ((line, found.group()) for found in _AVOIDED.finditer(text))


def avoided_in_prose(text: str) -> Iterator[Fault]:
    """Yield every avoided phrase of a document, but for its blocks of code."""
    prose = re.sub(
        r"```.*?```|`[^`\n]*`", lambda code: "\n" * code.group().count("\n"), text, flags=re.S
    )
    for found in _AVOIDED.finditer(prose):
        yield prose.count("\n", 0, found.start()) + 1, found.group()


def _comments(text: str) -> Iterator[Fault]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _texts(tree: ast.Module) -> Iterator[Fault]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def weak_starts(module: Module) -> Iterator[Fault]:
    """Yield every public function whose docstring does not begin with a verb in the imperative.

    Properties read like attributes and are named like them; what overrides nothing but a special
    name needs no docstring.
    """
    for function in _public(module.tree.body):
        text = ast.get_docstring(function)
        if text and not is_imperative(text.split()[0]):
            yield function.lineno, f"{function.name}: {text.splitlines()[0]}"


def is_imperative(word: str) -> bool:
    """Return whether a first word may be an imperative: not `The`, `Reads`, `Reading`."""
    word = word.strip("\"'(),.:;").lower()
    if not word.isalpha() or word in NOT_VERBS:
        return False
    if word.endswith("s") and not word.endswith("ss"):
        return word in _VERBS_IN_S
    return not word.endswith("ing") or word in _VERBS_IN_ING


def _public(body: list[ast.stmt]) -> Iterator[Function]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _public(node.body)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not (
            node.name.startswith("_")
            or any("property" in ast.unparse(each) for each in node.decorator_list)
        ):
            yield node


def crowded_each(module: Module) -> Iterator[Fault]:
    """Yield every `each` where more than one thing is around.

    That is as the variable of a loop with another loop in it, and of a comprehension with another.
    """
    for node in ast.walk(module.tree):
        if isinstance(node, ast.For | ast.AsyncFor):
            targets, inner = [node.target], [each for part in node.body for each in ast.walk(part)]
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            targets = [generator.target for generator in node.generators]
            inner = [each for each in ast.walk(node) if each is not node]
            if len(targets) > 1:
                inner.append(node)
        else:
            continue
        is_each = any(isinstance(each, ast.Name) and each.id == "each" for each in targets)
        loops = (ast.For, ast.AsyncFor, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
        if is_each and any(isinstance(each, loops) for each in inner):
            yield node.lineno, module.text.splitlines()[node.lineno - 1].strip()
