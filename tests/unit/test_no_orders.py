"""Nothing in the tree can place, change or cancel a real order (ARCHITECTURE R10).

Three nets: no text names an endpoint that trades; one module alone speaks HTTP, and it reads,
but for the login's exchange; no library that can trade is imported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.kit.source import PACKAGES, ROOT, Module, dotted, imports, modules

HTTP: Final = "feeds/kite/http.py"
READ: Final = ("/instruments/", "/instruments/historical/", "/quote/ltp")
"""All addresses that are read."""
LOGIN: Final = "/session/token"
"""The only address that is posted to."""
TRADES: Final = re.compile(
    r"/orders?\b|/gtt\b|/portfolio|/positions?\b|/margins?\b|/charges/|/basket|/alerts\b|/mf/"
    r"|(place|modify|cancel|delete)_?(order|gtt)|convert_?position|autoslice"
    r"|market_protection",
    re.IGNORECASE,
)
LIBRARIES: Final = {
    "kiteconnect", "requests", "aiohttp", "urllib3", "pycurl", "http.client", "urllib.request",
    "httpcore", "websocket", "websockets", "autobahn", "twisted", "ftplib", "smtplib", "xmlrpc",
}  # fmt: skip
"""Other ways to talk to a server; what speaks HTTP here is httpx, in one module."""
VERBS: Final = {
    "get", "post", "put", "patch", "delete", "head", "options", "request", "stream", "send",
    "build_request",
}  # fmt: skip
TEXTS: Final = ("configs", *PACKAGES)


class Fault(NamedTuple):
    path: str
    line: int
    text: str


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, text) of every string and name; strings joined in the source are seen joined."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            value = node.value
            yield node.lineno, value if isinstance(value, str) else value.decode("latin-1")
        elif isinstance(node, ast.BinOp | ast.JoinedStr | ast.Call):
            yield node.lineno, joined(node)
        elif isinstance(node, ast.Name | ast.Attribute):
            yield node.lineno, dotted(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.lineno, node.arg


def joined(node: ast.AST) -> str:
    """The constant parts of `+`, f-strings, `%`, `.join` and `.format`, one after the other."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.BinOp):
        return joined(node.left) + joined(node.right)
    if isinstance(node, ast.JoinedStr):
        return "".join(joined(each) for each in node.values)
    if isinstance(node, ast.Tuple | ast.List):
        return "".join(joined(each) for each in node.elts)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "join" and node.args:
            return joined(node.func.value).join(
                joined(each) for each in getattr(node.args[0], "elts", [])
            )
        if node.func.attr == "format":
            return joined(node.func.value) + "".join(joined(each) for each in node.args)
    return ""


def trading_texts(module: Module) -> list[Fault]:
    return [
        Fault(module.path, line, text) for line, text in texts(module.tree) if TRADES.search(text)
    ]


def trading_imports(module: Module) -> list[Fault]:
    return [
        Fault(module.path, line, name)
        for line, name in imports(module.tree)
        if any(name == each or name.startswith(f"{each}.") for each in LIBRARIES)
        or (name.split(".")[0] == "httpx" and module.path != HTTP)
    ]


def wrong_requests(tree: ast.AST, path: str = HTTP) -> list[Fault]:
    """Requests of the one module that are neither a read nor the login's exchange."""
    wrong = []
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr not in VERBS or "client" not in dotted(node.func.value):
            continue
        method = node.args[0] if node.args else None
        address = node.args[1] if len(node.args) > 1 else None
        is_read = isinstance(method, ast.Constant) and method.value == "GET"
        is_login = (
            isinstance(method, ast.Constant)
            and method.value == "POST"
            and isinstance(address, ast.Name)
            and address.id == "LOGIN"
        )
        if node.func.attr != "stream" or not (is_read or is_login):
            wrong.append(Fault(path, node.lineno, ast.unparse(node)))
    return wrong


def addresses(tree: ast.AST) -> set[str]:
    """Strings of a module that begin like an address, parts of f-strings too."""
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith("/")
        and len(node.value) > 1
    }


MODULES: Final = modules()


def module(text: str, path: str = "feeds/planted.py") -> Module:
    return Module("feeds.planted", path, text, ast.parse(text))


@pytest.mark.parametrize("each", MODULES, ids=lambda each: each.path)
def test_no_module_names_or_imports_what_trades(each: Module) -> None:
    assert trading_texts(each) + trading_imports(each) == []


def test_no_file_of_the_tree_names_an_address_that_trades() -> None:
    wrong = []
    count = 0
    for folder in TEXTS:
        for path in sorted((ROOT / folder).rglob("*")):
            if not path.is_file() or path.suffix in (".pyc", ".parquet"):
                continue
            count += 1
            for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                if TRADES.search(text):
                    wrong.append(Fault(str(path.relative_to(ROOT)), line, text))
    assert count > len(MODULES)
    assert wrong == []


def test_the_one_module_that_speaks_http_reads_and_logs_in() -> None:
    tree = ast.parse((ROOT / HTTP).read_text(encoding="utf-8"))
    assert wrong_requests(tree) == []
    methods = [
        str(node.args[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "stream"
        and isinstance(node.args[0], ast.Constant)
    ]
    assert sorted(methods) == ["GET", "POST"], "the check has seen them"
    assert addresses(tree) == {*READ, LOGIN}
    constants = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign | ast.Assign)
        and "LOGIN" in ast.unparse(node).split("=")[0]
    ]
    assert [ast.unparse(each) for each in constants] == [f"LOGIN: Final = {LOGIN!r}"]


@pytest.mark.parametrize(
    "planted",
    [
        "http.get('/orders')",
        "post('/Orders/regular')",
        "url = f'{base}/orders/{variety}'",
        "url = '/ord' + 'ers'",
        "url = '/'.join(['', 'orders', 'regular'])",
        "url = '{}/gtt'.format(base) + '/triggers'",
        "url = b'/gtt/triggers'",
        "kite.place_order(symbol)",
        "def modify_order(): ...",
        "class CancelOrder: ...",
        "kite.delete_gtt(1)",
        "put('/portfolio/positions', data)",
        "convert_position()",
        "get('/margins/basket')",
        "api(market_protection=-1)",
    ],
)
def test_a_planted_order_is_found(planted: str) -> None:
    assert trading_texts(module(planted))


@pytest.mark.parametrize(
    "planted",
    [
        "import kiteconnect",
        "from kiteconnect import KiteConnect",
        "import requests",
        "from urllib.request import urlopen",
        "import httpx",
        "def f():\n    import http.client",
    ],
)
def test_a_planted_way_out_is_found(planted: str) -> None:
    assert trading_imports(module(planted))


def test_the_http_module_may_import_its_library() -> None:
    assert trading_imports(module("import httpx", HTTP)) == []


@pytest.mark.parametrize(
    "planted",
    [
        "self._client.post('/session/token')",
        "self._client.get('/instruments')",
        "self._client.stream('POST', '/session/token')",
        "self._client.stream('POST', path)",
        "self._client.stream('PUT', LOGIN)",
        "self._client.stream('DELETE', LOGIN)",
        "self._client.stream(method, LOGIN)",
        "client.request('GET', LOGIN)",
        "client.send(request)",
        "self._client.stream()",
    ],
)
def test_a_planted_request_is_found(planted: str) -> None:
    assert wrong_requests(ast.parse(planted))


def test_plain_words_are_no_orders() -> None:
    for text in ("orders = 5", "def on_orders(): ...", "'orders and trades'", "'total_orders'",
                 "submit_order(x)", "build_order(x)", "'the order of events'"):  # fmt: skip
        assert trading_texts(module(text)) == []


def test_what_is_not_a_directory_of_ours_is_not_missed() -> None:
    assert all((ROOT / each).is_dir() for each in TEXTS)
    assert Path(HTTP).parts[0] in TEXTS
