"""Margins of a clearing house's file (docs/MARGIN.md, "A clearing house's file")."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.instrument import Universe
from daemon.domain.risk_arrays import RiskArrays
from daemon.errors import ConfigError
from daemon.execution.margin_desk import MarginTerms
from daemon.margin.array_margin import ArrayModel
from daemon.margin.models import margins, model_of
from daemon.margin.portfolio import Holding
from daemon.margin.scenario_margin import UnderlyingMargin
from daemon.margin.unknown import MarginUnknown
from daemon.runtime.configured_arrays import configured_arrays
from daemon.runtime.machine import machine_of, margin_terms
from daemon.settings.check import render_config
from daemon.settings.config import Config, ExecutionConfig, MarginConfig
from daemon.span.spn_file import read_spn
from feeds.recording.format import LogHeader, encode_header
from tests.kit.market import Market
from tests.margin.portfolios import RULES
from tests.margin.portfolios import Market as Prices
from tests.margin.spn import sample, written
from tests.margin.test_gate import CALL, EXPIRY, HEDGE, NEAR, UNIVERSE, market, refused, status

NIFTY = frozenset({"NIFTY"})
PRICES = Prices("2026-11-18 11:00", spot=24_000, forward=24_100)
SHORT = PRICES.contract("CE", EXPIRY, 310, 24_500)
LONG = PRICES.contract("CE", EXPIRY, 210, 24_800)
FAR = PRICES.contract("FUT", EXPIRY, 24_100)
FRONT = PRICES.contract("FUT", "2026-11-23", 24_020)


def arrays(directory: Path, **changes: str) -> RiskArrays:
    return read_spn(written(directory, sample(**changes)), NIFTY)


def of(directory: Path, *holdings: Holding) -> UnderlyingMargin:
    (found,) = margins([PRICES.underlying(holdings)], ArrayModel(arrays(directory)))
    return found


def test_a_short_option_blocks_its_worst_loss_and_its_premium(tmp_path: Path) -> None:
    found = of(tmp_path, Holding(contract=SHORT, held=-65)).held
    assert found.span == 65 * (1_850 + 300)
    assert found.exposure == 65 * 24_000 * 2 // 100


def test_a_bought_option_blocks_nothing_and_a_hedge_lowers_the_span(tmp_path: Path) -> None:
    assert of(tmp_path, Holding(contract=LONG, held=65)).held.blocked == 0
    short, long = Holding(contract=SHORT, held=-65), Holding(contract=LONG, held=65)
    found = of(tmp_path, short, long)
    assert found.held.span == 65 * (1_850 - 1_600 + 300 - 200)
    assert found.hedge_benefit == 65 * 2_150 - found.held.span


def test_opposite_deltas_of_two_expiries_pay_the_files_charge(tmp_path: Path) -> None:
    front, far = Holding(contract=FRONT, held=65), Holding(contract=FAR, held=-130)
    assert of(tmp_path, front, far).held.span == 65 * 2_400 + 65 * 350
    same = Holding(contract=FAR, held=65)
    assert of(tmp_path, front, same).held.span == 130 * 2_400


def test_entries_that_work_count_in_their_worst_case(tmp_path: Path) -> None:
    found = of(tmp_path, Holding(contract=FAR, held=65, buys=65, sells=130))
    assert found.held.span == 65 * 2_400
    assert found.working.span == 130 * 2_400


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"format": "5.00"}, "its format is 5.00, not 4.00"),
        ({"factor": "50"}, "the contract value factor of NIFTY is 50, not 1"),
        ({"som": "0.5"}, "NIFTY has a short option minimum"),
        ({"charge": "W"}, "a calendar charge of NIFTY is not a flat one"),
        ({"losses": "1 2 3"}, "CE 2026-12-29 of NIFTY has 3 losses, not 16"),
        ({"losses": "x"}, "'x' is no number"),
        ({"rate": "NaN"}, "'NaN' is no number"),
        ({"option": "Q"}, "an option of NIFTY is neither C nor P"),
        ({"date": "yesterday"}, "'yesterday' is no date"),
    ],
)
def test_what_is_not_understood_is_refused_in_a_line(
    tmp_path: Path, changes: dict[str, str], expected: str
) -> None:
    with pytest.raises(ConfigError, match=r"day\.spn: is not understood: ") as caught:
        arrays(tmp_path, **changes)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_missing_or_no_xml_is_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"day\.spn: cannot be read: No such file"):
        read_spn(tmp_path / "day.spn", NIFTY)
    for text in ("", "PK\x03\x04", sample()[:-40], "<spanFile/>"):
        with pytest.raises(ConfigError, match="is not understood"):
            read_spn(written(tmp_path, text), NIFTY)


def test_other_underlyings_are_passed_over_and_arrays_keep_their_bytes(tmp_path: Path) -> None:
    found = arrays(tmp_path)
    assert {row.name for row in found.rows} == {"NIFTY"}
    assert len(found.rows) == 4
    assert msgspec.json.decode(msgspec.json.encode(found), type=RiskArrays) == found


def test_another_day_and_an_unknown_contract_have_no_margin(tmp_path: Path) -> None:
    model = ArrayModel(arrays(tmp_path, date="20261117"))
    held = PRICES.underlying([Holding(contract=SHORT, held=-65)])
    with pytest.raises(MarginUnknown, match="the SPAN file is of 2026-11-17, not of 2026-11-18"):
        model.risks_of([held])
    put = PRICES.contract("PE", EXPIRY, 300, 24_500)
    with pytest.raises(MarginUnknown, match="is not in the SPAN file of 2026-11-18"):
        ArrayModel(arrays(tmp_path)).risks_of(
            [PRICES.underlying([Holding(contract=put, held=-65)])]
        )


def config(path: Path) -> Config:
    return Config(margin=MarginConfig(model="span_file", span_file=str(path)))


def test_a_start_takes_the_rows_of_its_universe_and_refuses_another_day(tmp_path: Path) -> None:
    path = written(tmp_path, sample())
    found = configured_arrays(config(path), UNIVERSE, date=dt.date(2026, 11, 18))
    assert found is not None
    assert {row.strike_paise for row in found.rows} == {0, 24_500_00, 24_800_00}
    assert len(found.rows) == 3
    with pytest.raises(ConfigError, match="is of 2026-11-18, and it is 2026-11-19: download"):
        configured_arrays(config(path), UNIVERSE, date=dt.date(2026, 11, 19))
    assert configured_arrays(Config(), Universe(())) is None


def test_a_recording_has_the_arrays_and_a_replay_needs_no_file(tmp_path: Path) -> None:
    path = written(tmp_path, sample())
    chosen = config(path)
    found = configured_arrays(chosen, UNIVERSE)
    header = LogHeader(
        account="dev", date="2026-11-18", segment=1, program_version="t",
        config=render_config(chosen), config_fingerprint="", instruments=list(UNIVERSE),
        arrays=found,
    )  # fmt: skip
    kept = msgspec.json.decode(encode_header(header), type=LogHeader)
    path.unlink()
    assert kept.arrays == found
    terms = margin_terms(chosen, RULES, kept.arrays)
    assert terms is not None
    assert isinstance(model_of(terms.arrays), ArrayModel)
    assert machine_of(kept, RULES).engine.engine.ledger.seq == 0


def gated(directory: Path, capital: float) -> Market:
    story = market(capital)
    story.engine = PaperEngine(
        ExecutionConfig(fill_mode="ltp", slippage_bps=0, enable_time_stop=False, charges=False),
        universe=UNIVERSE, rules=RULES,
        margin=MarginTerms(round(capital * 100), RULES.margin_rates, arrays=arrays(directory)),
    )  # fmt: skip
    for symbol, price in (("NIFTY 50", 24_000), (CALL, 300), (HEDGE, 200), (NEAR, 80)):
        story.tick(price, symbol=symbol)
    return story


def test_the_gate_and_the_figures_go_by_the_file(tmp_path: Path) -> None:
    whole = 65 * (1_850 + 300) + 65 * 480
    story = gated(tmp_path, whole)
    story.signal("SELL", 65, symbol=CALL)
    assert story.moves()[-1] == ("ACTIVE", "active")
    assert status(story).used_rupees == whole
    short = gated(tmp_path, whole - 1)
    short.signal("SELL", 65, symbol=CALL)
    assert refused(short)["required_paise"] == whole * 100


def test_an_entry_that_the_file_does_not_know_is_refused_with_the_reason(tmp_path: Path) -> None:
    story = gated(tmp_path, 10**7)
    story.signal("SELL", 65, symbol=NEAR)
    assert refused(story) == {"not_known": f"{NEAR} is not in the SPAN file of 2026-11-18"}
