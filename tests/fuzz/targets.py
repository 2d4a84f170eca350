"""Every decoder of outside bytes: samples that it takes, and what must hold whatever it is given.

A target raises what the decoder raised if that is not one of its own typed errors; counts that
do not add up are an AssertionError.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from daemon.clockwork.paper_engine import PaperEngine
from daemon.control.frames import FRAME_MAX, frame
from daemon.control.frames import frames as messages
from daemon.control.request_messages import Answer, Asked, Outcome
from daemon.control.request_socket import RequestSocket
from daemon.control.socket import LINE_MAX, Reply, Request, serve_control
from daemon.domain.errors import BadIntent
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Ticks
from daemon.errors import ConfigError, DaemonError
from daemon.journal.head import read_head
from daemon.journal.recovery import fold
from daemon.journal.store import JournalMeta, JournalStore
from daemon.rules import load_rulebook
from daemon.runtime.series import read_series
from daemon.settings.config import (
    InstrumentConfig,
    ReplayConfig,
    ReplayFile,
    StrategyConfig,
    UniverseConfig,
)
from daemon.settings.file import load_config
from feeds.contracts.instruments_file import InstrumentsFile
from feeds.contracts.lookup import read_contracts
from feeds.kite.bars import BarReader
from feeds.kite.credentials import read_credentials
from feeds.kite.dump import BadDump, check_dump
from feeds.kite.frames import FrameDecoder, FrameError
from feeds.kite.responses import content, data_of, error_of
from feeds.kite.texts import TextCounts
from feeds.recording.compact import Ending, compact
from feeds.recording.format import MAGIC as LOG_MAGIC
from feeds.recording.format import Kind, encode_header, encode_input, record
from feeds.recording.opened import open_recording
from feeds.recording.reader import InputLog
from feeds.replay import Recording
from strategies.catalog import load
from tests.fuzz.samples import (
    MARKET,
    ROOT,
    answers,
    candle_csv,
    control_lines,
    credentials,
    dumps,
    foreign_parquet,
    frames,
    header,
    inputs,
    intent_lines,
    native_parquet,
    requests,
    texts,
    tick_csv,
    tick_jsonl,
    write_journal,
)
from tests.fuzz.web_targets import (
    hook_messages,
    kite_requests,
    market_requests,
    read_hook,
    read_kite,
    read_ticker,
    ticker_messages,
)

RULES: Final = load_rulebook()
_TS: Final = 1_790_000_000_000_000_000


class Target(NamedTuple):
    """`read(data, place)` gives the data to a decoder; `place` is an empty directory."""

    name: str
    samples: Callable[[], Sequence[bytes]]
    read: Callable[[bytes, Path], None]


def _put(place: Path, name: str, data: bytes) -> Path:
    path = place / name
    path.write_bytes(data)
    path.chmod(0o600)
    return path


# ticks


def _frame(data: bytes, _: Path) -> None:
    with suppress(FrameError):
        decoded = FrameDecoder(MARKET.universe).decode([(_TS, data)])
        taken = 0 if decoded.ticks is None else len(decoded.ticks)
        assert decoded.packets == taken + sum(decoded.refused.values())
        if decoded.ticks is not None:
            _trade([decoded.ticks], MARKET.universe)


def _text(data: bytes, _: Path) -> None:
    counts = TextCounts()
    counts.take(data)
    assert sum(counts.kinds.values()) + counts.malformed == 1


def _trade(blocks: Sequence[Ticks], universe: Universe) -> None:
    """The engine takes all rows, and each is refused or accepted.

    A universe that the rules do not know is refused before any row, as a run does it.
    """
    from daemon.settings.config import ExecutionConfig

    try:
        RULES.refuse_unknown(universe, charged=True)
    except ConfigError:
        return
    engine = PaperEngine(ExecutionConfig(), universe=universe, rules=RULES)
    seen: list[int] = []
    engine.on_rows = lambda rows: seen.append(len(rows))
    for block in blocks:
        engine.handle(block)
    rows = sum(map(len, blocks))
    assert engine.intake.rows == rows == engine.input_no
    assert sum(seen) + sum(engine.intake.refused.values()) == rows


def _recorded(name: str, **more: Any) -> Callable[[bytes, Path], None]:
    def read(data: bytes, place: Path) -> None:
        path = _put(place, name, data)
        config = ReplayConfig(files=[ReplayFile(path=str(path), **more)], block_rows=512)
        blocks: list[Ticks] = []
        recording = None
        with suppress(DaemonError):
            recording = Recording(
                config, UniverseConfig(instruments=INSTRUMENTS), contracts=RULES, depth=True,
                day=True,
            )  # fmt: skip
            blocks.extend(recording.blocks())
        if recording is not None:
            _trade(blocks, recording.universe)

    return read


INSTRUMENTS: Final = [
    InstrumentConfig(tradingsymbol=each.tradingsymbol, instrument_token=each.instrument_token)
    for each in MARKET.universe
]


# what Kite answers, and files of its contracts


def _answer(data: bytes, _: Path) -> None:
    with suppress(DaemonError):
        body = content(data, "", 1 << 20, "here")
        data_of(body, dict[str, Any], "here")
    for code in (200, 403, 429, 500):
        assert isinstance(error_of(code, data, "here"), DaemonError)


def _candles(data: bytes, _: Path) -> None:
    counts: dict[str, int] = {}
    with suppress(DaemonError):
        rows = data_of(data, dict[str, list[Any]], "here").get("candles", [])
        future = MARKET.universe[1]
        reader = BarReader(60 * 10**9, lambda date: _span(future, date), False, counts)
        bars = reader.read(rows, 1 << 62)
        widened = counts.pop("widened_candles", 0)
        assert widened <= len(bars)
        assert len(bars) + sum(counts.values()) == len(rows)


def _span(instrument: Instrument, date: Any) -> tuple[int, int] | None:
    session = RULES.session(date, instrument)
    return None if session is None else (session.open_ts, session.close_ts)


def _dump(data: bytes, place: Path) -> None:
    with suppress(BadDump):
        assert check_dump(data, "NFO") > 0
    path = _put(place, "NFO.csv", data)
    with suppress(DaemonError):
        contracts = read_contracts([path])
        for name in contracts.underlyings:
            contracts.chain(name)
            contracts.spot(name)
    with suppress(DaemonError):
        found = InstrumentsFile(path, ["NIFTY26NOV23000CE"], [10_000_000])
        found.find("NIFTY26NOV23000CE")


def _credentials(data: bytes, place: Path) -> None:
    with suppress(DaemonError):
        read_credentials(_put(place, "kite.json", data))


# what a person writes


def _yaml(data: bytes, place: Path) -> None:
    with suppress(DaemonError):
        load_config(_put(place, "c.yaml", data))


def _rules(data: bytes, place: Path) -> None:
    for each in (ROOT / "configs/rules").iterdir():
        if each.read_bytes()[:20] == data[:20]:
            name = each.name
            break
    else:
        name = "calendar.yaml"
    rules = place / "rules"
    shutil.copytree(ROOT / "configs/rules", rules)
    _put(rules, name, data)
    with suppress(DaemonError):
        load_rulebook(rules)


def _script(data: bytes, place: Path) -> None:
    path = _put(place, "s.jsonl", data)
    config = StrategyConfig(
        id="script", module="strategies.scripted", class_="Scripted", params={"file": str(path)}
    )
    with suppress(DaemonError):
        timed = load(config, MARKET.universe).strategy.timed_intents("MIS")
        engine = _open_engine()
        for each in timed:
            with suppress(BadIntent):
                engine.process_signal(each.intent)
        assert engine.ledger.total_orders <= len(timed)


def _open_engine() -> PaperEngine:
    from daemon.settings.config import ExecutionConfig

    engine = PaperEngine(ExecutionConfig(), universe=MARKET.universe, rules=RULES)
    engine.handle(MARKET.rows(_session_time(), 40))
    return engine


def _session_time() -> int:
    from tests.simulation.market import at_time

    return at_time(1, 11, 0)


def _on_the_daemons_loop(main: Callable[[], Awaitable[None]]) -> None:
    """Run on the loop that the daemon uses; a callback that fails there is a fault too.

    On asyncio's own loop a socket whose reading is cancelled at the instant at which its client
    closes makes the library set a result twice, which that loop writes to stderr.
    """
    import anyio

    faults: list[dict[str, Any]] = []

    async def watched() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: faults.append(context))
        await main()

    anyio.run(watched, backend_options={"use_uvloop": True})
    assert not faults, faults


def _control(data: bytes, place: Path) -> None:
    """The socket answers whatever comes, and then still obeys."""
    import anyio

    taken: list[Request] = []

    async def obey(request: Request) -> Reply:
        taken.append(request)
        return Reply(True, "yes")

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            await tasks.start(serve_control, place, obey)
            for line in (data[: LINE_MAX * 2] + b"\n", b'{"command":"kill_switch"}\n'):
                async with await anyio.connect_unix(place / "control.sock") as client:
                    with suppress(anyio.BrokenResourceError):
                        await client.send(line)
                    with anyio.fail_after(10), suppress(anyio.BrokenResourceError):
                        reply = await client.receive()
                msgspec.json.decode(reply, type=Reply)
            tasks.cancel_scope.cancel()

    _on_the_daemons_loop(main)
    assert taken[-1] == Request("kill_switch")


def _requests(data: bytes, place: Path) -> None:
    """A connection that says anything ends no other, and what is well framed is answered."""
    import anyio

    taken: list[Asked] = []

    async def give(asked: Asked) -> Answer:
        taken.append(asked)
        return Answer(id=asked.id, outcome=Outcome.DONE, text="done")

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            await tasks.start(RequestSocket(give).serve, place)
            async with await anyio.connect_unix(place / "requests.sock") as client:
                with suppress(anyio.BrokenResourceError):
                    await client.send(data or b"{}")
                    await client.send_eof()
                with anyio.fail_after(10), suppress(anyio.BrokenResourceError, anyio.EndOfStream):
                    while True:
                        await client.receive()
            body = data[:FRAME_MAX] or b"{}"
            async with await anyio.connect_unix(place / "requests.sock") as client:
                await client.send(frame(body) + frame(b'{"id":3,"command":{"command":"reload"}}'))
                with anyio.fail_after(10):
                    answers = messages(client)
                    found = [msgspec.json.decode(await anext(answers), type=Answer) for _ in "ab"]
            assert found[-1].id == 3 or found[0].id == 3
            tasks.cancel_scope.cancel()

    _on_the_daemons_loop(main)
    assert taken[-1].command == Request("reload") or taken[-2].command == Request("reload")


# what the program itself wrote, after something else wrote over it


def _log(data: bytes, place: Path) -> None:
    with suppress(DaemonError):
        log = InputLog(_put(place, "2026-11-18-1.inputs", data))
        ends = [each.end for each in log.entries()]
        assert ends == sorted(ends)
        assert log.torn_bytes == len(data) - (ends or [log.end_of_header])[-1]


def _log_payload(data: bytes, place: Path) -> None:
    """Checksums that are right, over payloads that are not."""
    body = LOG_MAGIC + record(Kind.HEADER, encode_header(header()))
    for kind in (Kind.TICKS, Kind.OTHER, 7):
        whole = body + record(kind, data) + encode_input(inputs()[0])  # type: ignore[arg-type]
        _log(whole, place)
    _log(LOG_MAGIC + record(Kind.HEADER, data), place)


def _compacted(data: bytes, place: Path) -> None:
    with suppress(DaemonError):
        log = open_recording(_put(place, "2026-11-18-1.parquet", data))
        for _ in log.inputs():
            pass


def _series(data: bytes, _: Path) -> None:
    with suppress(DaemonError):
        read_series(data, "here")


_WHOLE: dict[str, Any] = {}


def _journal(data: bytes, place: Path) -> None:
    """`data` is the files one behind the other; what is read is whole, or nothing is read."""
    directory = place / "account"
    directory.mkdir()
    _unpack(data, directory)
    if not _WHOLE:
        kept = place / "whole"
        kept.mkdir()
        _unpack(_journal_samples()[0], kept)
        _WHOLE["head"] = read_head(kept / "head")
        _WHOLE["all"] = _all_of(kept)
    with suppress(DaemonError):
        was_behind = read_head(directory / "head") != _WHOLE["head"]
        found = _all_of(directory)
        # A WAL without the last commit and a head whose newest slot is spoiled agree with each
        # other: two files have to be harmed for that (RELIABILITY, "What is not covered").
        assert was_behind or found == _WHOLE["all"], (
            "a changed journal was read as if it were whole"
        )


def _all_of(directory: Path) -> Any:
    with JournalStore.open(directory) as store:
        store.verify()
        ledger = msgspec.json.encode(fold(store), order="deterministic")
        return list(store.event_lines()), list(store.operations()), store.last_input_no, ledger


_FILES: Final = ("journal.db", "journal.db-wal", "head")
_SEAM: Final = b"\nSEAM\n"


def _unpack(data: bytes, directory: Path) -> None:
    for name, part in zip(_FILES, data.split(_SEAM), strict=False):
        if part:
            (directory / name).write_bytes(part)


def _journal_samples() -> list[bytes]:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        directory = Path(place) / "account"
        meta = JournalMeta(run_id="r", account="a", program_version="0", created_ts=1)
        with JournalStore.create(directory, meta) as store:
            write_journal(store)
            parts = [
                (directory / each).read_bytes() if (directory / each).exists() else b""
                for each in _FILES
            ]
        return [_SEAM.join(parts)]


def _log_samples() -> list[bytes]:
    start = LOG_MAGIC + record(Kind.HEADER, encode_header(header()))
    return [start + b"".join(map(encode_input, inputs())), start]


def _payload_samples() -> list[bytes]:
    from feeds.recording.format import HEAD_BYTES

    whole = [encode_input(each)[HEAD_BYTES:] for each in inputs()]
    return [*whole, encode_header(header())]


def _compacted_samples() -> list[bytes]:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        path = _put(Path(place), "2026-11-18-1.inputs", _log_samples()[0])
        return [compact(InputLog(path), Ending(seq=0, input_no=0)).read_bytes()]


def _series_samples() -> list[bytes]:
    from daemon.runtime.series import PriceSampler

    engine = PaperEngine(msgspec.convert({}, _execution()), universe=MARKET.universe, rules=RULES)
    sampler = PriceSampler(MARKET.universe)
    engine.on_rows = sampler.observe
    engine.handle(MARKET.rows(_session_time(), 40))
    return [msgspec.json.encode(sampler.series())]


def _execution() -> Any:
    from daemon.settings.config import ExecutionConfig

    return ExecutionConfig


def _configs() -> list[bytes]:
    found = sorted((ROOT / "configs").glob("**/*.yaml"))
    return [each.read_bytes() for each in found if "rules" not in each.parts]


TARGETS: Final = (
    Target("frames", frames, _frame),
    Target("texts", texts, _text),
    Target("csv ticks", tick_csv, _recorded("t.csv")),
    Target("jsonl ticks", tick_jsonl, _recorded("t.jsonl")),
    Target("candles", candle_csv, _recorded("c.csv", kind="candles", symbol="NIFTY26NOVFUT")),
    Target("native parquet", native_parquet, _recorded("n.parquet")),
    Target("foreign parquet", foreign_parquet, _recorded("f.parquet")),
    Target("answers", answers, _answer),
    Target("historical candles", answers, _candles),
    Target("instruments dump", dumps, _dump),
    Target("credentials", credentials, _credentials),
    Target("configuration", _configs, _yaml),
    Target(
        "rulebook", lambda: [e.read_bytes() for e in (ROOT / "configs/rules").iterdir()], _rules
    ),
    Target("scripted intents", intent_lines, _script),
    Target("control socket", control_lines, _control),
    Target("requests socket", requests, _requests),
    Target("input log", _log_samples, _log),
    Target("input log payloads", _payload_samples, _log_payload),
    Target("compacted recording", _compacted_samples, _compacted),
    Target("price series", _series_samples, _series),
    Target("kite requests", kite_requests, read_kite),
    Target("kite market data", market_requests, read_kite),
    Target("hook messages", hook_messages, read_hook),
    Target("ticker messages", ticker_messages, read_ticker),
    Target("journal", _journal_samples, _journal),
)
