"""The watch over connections sees what leaves the machine."""

from __future__ import annotations

import socket

import pytest

from tests.kit.loopback_only import OUTSIDE, ConnectsOutside, is_here


@pytest.mark.parametrize("address", ["192.0.2.1", "10.0.0.7"])
def test_w16_a_connection_beyond_the_machine_is_refused_and_counted(address: str) -> None:
    with socket.socket() as outside, pytest.raises(ConnectsOutside):
        outside.connect((address, 9))
    assert OUTSIDE.pop() == f"connects to ('{address}', 9)"


def test_w16_a_name_of_another_machine_is_not_looked_up() -> None:
    with pytest.raises(ConnectsOutside):
        socket.getaddrinfo("api.example.org", 443)
    assert OUTSIDE.pop() == "looks up 'api.example.org'"


def test_this_machine_may_be_reached() -> None:
    here = ("127.0.0.1", "::1", "localhost", "", "0.0.0.0", "fe80::1%lo")
    assert [is_here(host) for host in here] == [True] * 5 + [False]
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
