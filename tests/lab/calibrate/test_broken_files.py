"""Whatever a broker's file holds, it is understood or refused in one line: never a traceback."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from daemon.errors import UsageError
from daemon.lab.calibrate.order_history import read_order_histories
from daemon.lab.calibrate.real_order import Reading
from daemon.lab.calibrate.tradebook import read_tradebooks
from tests.lab.calibrate import test_order_history, test_tradebook

ODD = (
    b"", b"\x00", b'"', b",", b"\n", b"\xff", b"-", b"9" * 30, b"1e400", b"nan", b"[", b"{",
    b"null",
)  # fmt: skip
HISTORY = json.dumps(
    {"data": [test_order_history.BASE, test_order_history.BASE | test_order_history.DONE]}
)
TRADEBOOK = f"{test_tradebook.HEADER}\n{test_tradebook.ROW}\n"


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [("tb.csv", TRADEBOOK, read_tradebooks), ("history.json", HISTORY, read_order_histories)],
)
def test_a_damaged_file_is_read_or_refused(
    name: str, text: str, read: Callable[[Sequence[Path]], Reading], tmp_path: Path
) -> None:
    draw, path, complaints = random.Random(20), tmp_path / name, list[str]()
    for _ in range(200):
        data = bytearray(text.encode())
        for _ in range(draw.randint(1, 2)):
            begin = draw.randrange(len(data))
            data[begin : begin + draw.randint(0, 6)] = draw.choice(ODD)
        path.write_bytes(data)
        try:
            orders = read([path]).orders
        except UsageError as error:
            complaints.append(str(error))
            continue
        for order in orders:
            assert 0 <= order.quantity <= 10**9
            assert 0 <= order.price_paise < 1e12
    assert len(complaints) > 50
    assert not [text for text in complaints if "\n" in text]
