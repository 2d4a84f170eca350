"""Nothing in the tree can place, change or cancel a real order (ARCHITECTURE R10).

Three nets: no text is the address of an order at a broker; named modules alone open connections,
and the one that speaks HTTP reads, but for the login's exchange; no library that can trade is
imported. Words are free: a paper order may have `market_protection` and be modified.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.kit.source import PACKAGES, ROOT, Module, calls, dotted, imports, modules

HTTP: Final = "feeds/kite/http.py"
READ: Final = ("/instruments/", "/instruments/historical/", "/quote/ltp")
"""All addresses that are read."""
LOGIN: Final = "/session/token"
"""The address that is posted to."""
BASKET: Final = "/margins/basket"
"""What an order would need; asked by a POST, and answered without an order."""
POSTS: Final = {"LOGIN": LOGIN, "BASKET_MARGINS": BASKET}
API: Final = "daemon/web/kite/"
"""The only place for Kite's order addresses: those that this program answers, with paper orders."""
API_ROOM: Final = "daemon.web.kite"
TOGETHER: Final = "daemon/web/kite_server.py"
ORDER_ADDRESS: Final = re.compile(
    r"/(orders?|trades|gtt|portfolio|positions?|holdings|margins?|charges|baskets?|alerts(?!\.json)|mf)(?![\w-])",
    re.IGNORECASE,
)
"""`alerts.json` is the file with the channels of `follow`; no address of Kite ends in .json."""
AN_ADDRESS: Final = re.compile(r"(?<![\w.*}])(?:https?:/)?/[^\s\"'`]*", re.IGNORECASE)
LIBRARIES: Final = {
    "kiteconnect", "requests", "aiohttp", "urllib3", "pycurl", "http.client", "urllib.request",
    "httpcore", "websocket", "websockets", "autobahn", "twisted", "ftplib", "smtplib", "xmlrpc",
    "telnetlib", "asyncssh", "paramiko",
}  # fmt: skip
"""Other ways to talk to a server; nothing imports them."""
MAY_IMPORT: Final = {
    "httpx": {HTTP},
    "apprise": {"daemon/alerts/sender.py"},
    "redis": {"daemon/sinks/redis_stream.py"},
    "socket": {
        "feeds/kite/handshake.py",
        "daemon/control/listener.py",
        "daemon/control/socket.py",
        "daemon/process/notify.py",
        "daemon/web/listener.py",
    },
    "ssl": {"feeds/kite/handshake.py"},
}
"""Library -> the modules that open connections with it: HTTP, the ticker, this machine's own."""
MAY_OPEN: Final = {
    "feeds/kite/handshake.py",
    "daemon/web/daemon_requests.py",  # a socket of this machine: the daemon's own
}
OPENERS: Final = {
    "ws_connect", "sock_connect", "open_connection", "create_connection", "connect_tcp",
    "connect_unix", "open_unix_connection", "create_unix_connection", "create_datagram_endpoint",
    "create_udp_socket", "create_connected_udp_socket", "urlopen",
}  # fmt: skip
"""Calls that open a connection, of whatever library."""
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
    """(line, text) of every string; strings joined in the source are seen joined."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            value = node.value
            yield node.lineno, value if isinstance(value, str) else value.decode("latin-1")
        elif isinstance(node, ast.BinOp | ast.JoinedStr | ast.Call):
            yield node.lineno, joined(node)


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


def is_order_address(text: str) -> bool:
    """Whether a text begins like an address, by a / or a scheme, and is one of orders.

    What a format fills in at its beginning, such as a host, is left out.
    """
    text = re.sub(r"^(?:\{\w*\}|%\w)+", "", text.strip())
    if not text.startswith("/") and not text.lower().startswith("http"):
        return False
    return ORDER_ADDRESS.search(text.split()[0]) is not None


def order_addresses(module: Module) -> list[Fault]:
    """Texts of a module that are addresses of orders, where they may not stand."""
    if module.path.startswith(API):
        return []
    return [
        Fault(module.path, line, text)
        for line, text in texts(module.tree)
        if is_order_address(text) and (module.path, text) != (HTTP, BASKET)
    ]


def clients(module: Module) -> list[Fault]:
    """Imports and calls by which a module could reach a server, where it may not."""
    found = [
        Fault(module.path, line, name)
        for line, name in imports(module.tree)
        if any(name == each or name.startswith(f"{each}.") for each in LIBRARIES)
        or module.path not in MAY_IMPORT.get(name.split(".")[0], {module.path})
    ]
    found += [
        Fault(module.path, line, called)
        for line, called, _ in calls(module.tree)
        if called.split(".")[-1] in OPENERS and module.path not in MAY_OPEN
    ]
    return found


def wrong_requests(tree: ast.AST, path: str = HTTP) -> list[Fault]:
    """Requests of the one module that are neither a read nor a post to an address it may."""
    wrong = []
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr not in VERBS or "client" not in dotted(node.func.value):
            continue
        method = node.args[0] if node.args else None
        address = node.args[1] if len(node.args) > 1 else None
        is_read = isinstance(method, ast.Constant) and method.value == "GET"
        is_post = (
            isinstance(method, ast.Constant)
            and method.value == "POST"
            and isinstance(address, ast.Name)
            and address.id in POSTS
        )
        if node.func.attr != "stream" or not (is_read or is_post):
            wrong.append(Fault(path, node.lineno, ast.unparse(node)))
    return wrong


def wrong_constants(tree: ast.AST) -> list[str]:
    """Assignments to the names of POSTS that are not their addresses."""
    wrong = []
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name) and target.id in POSTS:
                value = getattr(node, "value", None)
                if not isinstance(value, ast.Constant) or value.value != POSTS[target.id]:
                    wrong.append(ast.unparse(node))
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
def test_no_module_holds_an_order_address_or_a_client_of_its_own(each: Module) -> None:
    assert order_addresses(each) + clients(each) == []


def test_no_other_file_of_the_tree_holds_an_order_address() -> None:
    wrong = []
    count = 0
    for folder in TEXTS:
        for path in sorted((ROOT / folder).rglob("*")):
            if not path.is_file() or path.suffix in (".pyc", ".parquet", ".py"):
                continue
            count += 1
            for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                wrong += [Fault(str(path), line, text) for _ in addresses_in(text)]
    assert count > 10
    assert wrong == []


def addresses_in(text: str) -> list[str]:
    """The order addresses in a line of any file."""
    return [found for found in AN_ADDRESS.findall(text) if is_order_address(found)]


def test_the_one_module_that_speaks_http_reads_and_logs_in() -> None:
    tree = ast.parse((ROOT / HTTP).read_text(encoding="utf-8"))
    assert wrong_requests(tree) == []
    assert wrong_constants(tree) == []
    methods = [
        str(node.args[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "stream"
        and isinstance(node.args[0], ast.Constant)
    ]
    assert {"GET", "POST"} == set(methods), "the check has seen them"
    assert addresses(tree) == {*READ, LOGIN, BASKET}
    assert any("LOGIN" in ast.unparse(each) for each in tree.body), "the constant was seen"


@pytest.mark.parametrize(
    "planted",
    [
        "http.get('/orders')",
        "post('/Orders/regular')",
        "url = f'{base}/orders/{variety}'",
        "url = '/ord' + 'ers'",
        "url = '/'.join(['', 'orders', 'regular'])",
        "url = '{}/gtt'.format(base) + '/triggers'",
        "url = '%s/gtt/triggers' % base",
        "url = b'/gtt/triggers'",
        "url = 'https://api.kite.trade/orders/regular'",
        "url = 'HTTPS://api.kite.trade/portfolio/positions'",
        "put('/portfolio/positions', data)",
        "get('/margins/basket')",
        "get('/user/margins/equity')",
        "post('/charges/orders')",
        "get('/mf/orders')",
        "get('/alerts')",
    ],
)
def test_a_planted_order_address_is_found(planted: str) -> None:
    assert order_addresses(module(planted))


def test_an_order_address_may_stand_where_this_program_answers_it() -> None:
    text = "ROUTES = ['/orders/regular', '/gtt/triggers', '/portfolio/positions']"
    assert len(order_addresses(module(text))) == 3
    assert order_addresses(module(text, "daemon/web/kite/routes.py")) == []
    assert order_addresses(module(text, "daemon/web/kite_client.py"))


def is_in_api(name: str, room: str = API_ROOM) -> bool:
    return name == room or name.startswith(f"{room}.")


def imported(tree: ast.AST, known: Mapping[str, Module]) -> Iterator[str]:
    """The modules that a tree imports, those named after `from PACKAGE import` too."""
    for _, name in imports(tree):
        yield name
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names = (f"{node.module}.{each.name}" for each in node.names)
            yield from (name for name in names if name in known)


def reached(found: Sequence[Module], start: str) -> dict[str, str]:
    """What the modules of a package import, directly or through others -> who imports it."""
    known = {each.name: each for each in found}
    ways: dict[str, str] = {}
    waiting = [name for name in known if is_in_api(name, start)]
    while waiting:
        by = waiting.pop()
        for name in imported(known[by].tree, known):
            if name not in ways:
                ways[name] = by
                waiting += [name] if name in known else []
    return ways


def ways_out(found: Sequence[Module]) -> dict[str, str]:
    """What the paper API reaches that opens connections, to servers or on this machine."""
    openers = {*MAY_OPEN, HTTP, *(path for paths in MAY_IMPORT.values() for path in paths)}
    names = {path.removesuffix(".py").replace("/", ".") for path in openers}
    return {
        name: by
        for name, by in reached(found, API_ROOM).items()
        if name in names or name.split(".")[0] in LIBRARIES | {"httpx", "picows", "socket", "ssl"}
    }


def test_w16_the_paper_api_reaches_no_client_through_any_module() -> None:
    assert len(reached(MODULES, API_ROOM)) > 100, "the check has seen them"
    assert ways_out(MODULES) == {}


@pytest.mark.parametrize(
    ("path", "planted"),
    [
        ("daemon/web/kite/orders.py", "import httpx"),
        ("daemon/web/kite/orders.py", "from feeds.kite.handshake import connect"),
        ("daemon/broker/positions.py", "from feeds.kite import http"),
        ("daemon/journal/words.py", "import daemon.control.socket"),
    ],
)
def test_w16_a_planted_client_is_found_however_far_away(path: str, planted: str) -> None:
    changed = [
        Module(each.name, path, planted, ast.parse(planted)) if each.path == path else each
        for each in MODULES
    ]
    assert ways_out(changed)


def test_w16_the_paper_api_is_imported_only_where_the_process_is_put_together() -> None:
    users = {
        each.path
        for each in MODULES
        for _, name in imports(each.tree)
        if is_in_api(name) and not is_in_api(each.name)
    }
    assert users == {TOGETHER}


def test_the_margins_of_a_basket_may_be_asked_by_the_http_module_alone() -> None:
    text = "BASKET_MARGINS = '/margins/basket'"
    assert order_addresses(module(text, HTTP)) == []
    assert order_addresses(module(text))
    assert order_addresses(module("X = '/margins/orders'", HTTP))
    assert wrong_constants(ast.parse(text)) == []
    assert wrong_constants(ast.parse("BASKET_MARGINS = '/orders/regular'"))
    assert wrong_constants(ast.parse("LOGIN: Final = '/orders/regular'"))
    assert wrong_constants(ast.parse("LOGIN = path"))


@pytest.mark.parametrize("line", ["  url: /orders/regular", "curl https://x/gtt", "`/portfolio`"])
def test_a_planted_line_of_another_file_is_found(line: str) -> None:
    assert addresses_in(line)


@pytest.mark.parametrize(
    "planted",
    [
        "import kiteconnect",
        "from kiteconnect import KiteConnect",
        "import requests",
        "from urllib.request import urlopen",
        "import httpx",
        "import socket",
        "import ssl",
        "def f():\n    import http.client",
        "async def f():\n    await asyncio.open_connection(host, 443)",
        "async def f():\n    await anyio.connect_tcp(host, 443)",
        "from picows import ws_connect\nasync def f():\n    await ws_connect(Listener, url)",
    ],
)
def test_a_planted_way_out_is_found(planted: str) -> None:
    assert clients(module(planted))


def test_the_named_modules_may_import_what_they_open_connections_with() -> None:
    assert clients(module("import httpx", HTTP)) == []
    for library, paths in MAY_IMPORT.items():
        for path in paths:
            assert clients(module(f"import {library}", path)) == []
            assert (ROOT / path).is_file()
            assert library in {name.split(".")[0] for _, name in imports(parsed(path))}, "used"


def parsed(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


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


def test_words_are_free() -> None:
    for text in ("orders = 5", "def on_orders(): ...", "'orders and trades'", "'total_orders'",
                 "'buy/sell orders'", "place_order(x)", "def modify_order(): ...",
                 "class CancelOrder: ...", "api(market_protection=-1)", "autoslice = True",
                 "kite.delete_gtt(1)", "'orders/day and /proc/self/fd'", "'/strategies'",
                 "'entry/orders'", "'/ordersheet'",
                 "'/etc/run_fno_paper/alerts.json'"):  # fmt: skip
        assert order_addresses(module(text)) == [], text


def test_what_is_not_a_directory_of_ours_is_not_missed() -> None:
    assert all((ROOT / each).is_dir() for each in TEXTS)
    assert Path(HTTP).parts[0] in TEXTS
