"""`run_fno_paper demo`: the sample session's figures; tests/wheel runs it from a wheel."""

from __future__ import annotations

from unittest import mock

import pytest

from daemon.cli import demo
from tests.kit.cli import invoke


def test_the_demo_prints_trades_and_pnl_and_agrees_with_what_is_known() -> None:
    done = invoke("demo")
    assert (done.code, done.err) == (0, "")
    assert "TRADES" in done.out
    assert done.out.splitlines()[-1].startswith("as it should be: 9 trades, gross -35,785.75, net ")


@pytest.mark.ci
def test_the_demo_of_an_installation_that_computes_otherwise_ends_with_1() -> None:
    other = demo.KNOWN._replace(net_paise=demo.KNOWN.net_paise + 1)
    with mock.patch.object(demo, "KNOWN", other):
        done = invoke("demo")
    assert done.code == 1
    assert "net -49,216.91 rupees, and should 9 trades" in done.err
    assert "do not trust it" in done.err
