"""Each field of an instruments file, in each way in which it can be wrong."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from daemon.domain.instrument import Instrument
from daemon.domain.symbols import bare_instrument
from daemon.errors import ConfigError
from daemon.rules import load_rulebook
from daemon.settings.config import InstrumentConfig, UniverseConfig
from feeds.contracts.universe import build_universe
from tests.unit.test_docs_formats import FORMATS, rows

RULES = load_rulebook()
OPTION: Final = {
    "instrument_token": "11237378",
    "tradingsymbol": "NIFTY2460623000CE",
    "name": "NIFTY",
    "expiry": "2024-06-06",
    "strike": "23000",
    "tick_size": "0.05",
    "lot_size": "25",
    "instrument_type": "CE",
    "segment": "NFO-OPT",
    "exchange": "NFO",
}
FUTURE: Final = OPTION | {
    "tradingsymbol": "NIFTY24AUGFUT", "expiry": "2024-08-29", "strike": "0",
    "instrument_type": "FUT", "segment": "NFO-FUT",
}  # fmt: skip
UNREADABLE: Final = OPTION | {"tradingsymbol": "MY-CALL"}
"""A symbol that says nothing."""
MISSING: Final = None
FIELDS: Final = (
    "tradingsymbol", "instrument_token", "name", "expiry", "strike", "tick_size", "lot_size",
    "instrument_type", "segment", "exchange",
)  # fmt: skip
WAYS: Final = (
    "missing", "empty", "0", "negative", "text", "other unit", "other date format",
    "other exchange",
)  # fmt: skip


class Refused(NamedTuple):
    """The row cannot be used; the message has these words."""

    words: str


class Check(NamedTuple):
    """A value, what comes of it, and the row it stands in."""

    value: str | None
    expected: Any
    row: dict[str, str] = OPTION


class Cell(NamedTuple):
    """What the table in the docs says, and how it is shown."""

    text: str
    checks: tuple[Check, ...]


def refused(*values: str | None, words: str) -> Cell:
    """A cell in which every value is refused."""
    return Cell("refused", tuple(Check(each, Refused(words)) for each in values))


def taken(text: str, value: str | None, expected: Any, *more: Check) -> Cell:
    """A cell in which a value is taken as something."""
    return Cell(text, (Check(value, expected), *more))


NONE: Final = Cell("–", ())
AS_IT_IS = "as written"
FROM_SYMBOL = "the symbol's"
FROM_RULES = "the dated rules'"
DAY = "2024-06-06"


def said(value: str | None, expected: Any, *more: Check, unsaid: str) -> Cell:
    """A cell in which the symbol says it, or else the row is refused."""
    no = Check(value, Refused(unsaid), UNREADABLE)
    return Cell(FROM_SYMBOL, (Check(value, expected), no, *more))


def ruled(value: str | None, expected: Any, unsaid: str) -> Cell:
    """A cell in which the dated rules say it, or else the row is refused."""
    stock = OPTION | {"tradingsymbol": "RELIANCE24AUG3000CE", "name": "RELIANCE"}
    stock |= {"expiry": "2024-08-29", "strike": "3000"}
    no = Check(value, Refused(unsaid), stock)
    return Cell(FROM_RULES, (Check(value, expected), no))


def dated(value: str | None) -> Cell:
    """An expiry that is not there: a weekly symbol says it, for a monthly one the rules do."""
    monthly = Check(value, "2024-08-29", FUTURE)
    beyond = FUTURE | {"tradingsymbol": "NIFTY31AUGFUT"}
    no_rules = Check(value, Refused("dated rules do not say on which day NIFTY of NFO"), beyond)
    cell = said(value, DAY, monthly, no_rules, unsaid="the symbol says none")
    return Cell("the symbol's, its month's by the dated rules", cell.checks)


CELLS: Final[dict[tuple[str, str], Cell]] = {
    ("tradingsymbol", "missing"): refused(MISSING, words="expected the columns"),
    ("tradingsymbol", "empty"): refused("", words="tradingsymbol: expected one"),
    ("tradingsymbol", "0"): taken(AS_IT_IS, "0", "0"),
    ("tradingsymbol", "negative"): taken(AS_IT_IS, "-1", "-1"),
    ("tradingsymbol", "text"): taken(AS_IT_IS, "MY-CALL", "MY-CALL"),
    ("instrument_token", "missing"): refused(MISSING, words="expected the columns"),
    ("instrument_token", "empty"): refused("", words="whole number"),
    ("instrument_token", "0"): refused("0", words="whole number"),
    ("instrument_token", "negative"): refused("-5", words="whole number"),
    ("instrument_token", "text"): refused("x", "1.1E7", "11,237,378", words="whole number"),
    ("instrument_token", "other unit"): taken(
        "`5.0` as 5", "11237378.0", 11237378, Check("5.5", Refused("whole number"))
    ),
    ("name", "missing"): said(MISSING, "NIFTY", unsaid="the symbol says none"),
    ("name", "empty"): said("", "NIFTY", unsaid="the symbol says none"),
    ("name", "0"): refused("0", words="the symbol NIFTY2460623000CE says NIFTY"),
    ("name", "negative"): refused("-1", words="the symbol NIFTY2460623000CE says NIFTY"),
    ("name", "text"): refused("BANKNIFTY", "NIFTY 50", words="says NIFTY"),
    ("expiry", "missing"): dated(MISSING),
    ("expiry", "empty"): dated(""),
    ("expiry", "0"): dated("0"),
    ("expiry", "negative"): refused("-1", words="a date as YYYY-MM-DD"),
    ("expiry", "text"): refused("soon", "nan", "NaT", words="a date as YYYY-MM-DD"),
    ("expiry", "other unit"): refused("45449", "1717612200", "20240606", words="YYYY-MM-DD"),
    ("expiry", "other date format"): taken(
        "with midnight, or `06-Jun-2024`: that day; else refused",
        "2024-06-06 00:00:00",
        DAY,
        Check("2024-06-06T00:00:00", DAY),
        Check("2024-06-06T00:00:00.000+05:30", DAY),
        Check("06-Jun-2024", DAY),
        Check("6 JUN 2024", DAY),
        *(
            Check(each, Refused("YYYY-MM-DD"))
            for each in (
                "06-06-2024",
                "25-04-2024",
                "06/06/2024",
                "06-06-24",
                "2024-6-6",
                "2024-W23-4",
                "2024-06-06 15:30:00",
                "2024-06-31",
            )
        ),
        Check("2024-06-07", Refused("the symbol NIFTY2460623000CE says 2024-06-06")),
        Check("2024-09-26", Refused("the symbol NIFTY24AUGFUT says 2024-08"), FUTURE),
    ),
    ("strike", "missing"): said(MISSING, 2_300_000, unsaid="strike: missing, empty or 0"),
    ("strike", "empty"): said("", 2_300_000, unsaid="strike: missing, empty or 0"),
    ("strike", "0"): said(
        "0", 2_300_000, Check("0.0", 2_300_000), unsaid="strike: missing, empty or 0"
    ),
    ("strike", "negative"): refused("-23000", words="rupees greater than 0"),
    ("strike", "text"): refused("x", "nan", "23,000", words="expected a"),
    ("strike", "other unit"): taken(
        "paise: refused where the symbol says it",
        "2300000",
        Refused(r"is it in paise\?"),
        Check("23050", Refused("says 23000")),
    ),
    ("tick_size", "missing"): ruled(MISSING, 5, "tick_size: missing, empty or 0"),
    ("tick_size", "empty"): ruled("", 5, "tick_size: missing, empty or 0"),
    ("tick_size", "0"): ruled("0", 5, "tick_size: missing, empty or 0"),
    ("tick_size", "negative"): refused("-0.05", words="rupees greater than 0"),
    ("tick_size", "text"): refused("x", "0.0025", words="expected"),
    ("tick_size", "other unit"): taken(
        "paise: refused for options and where the dated rules say it",
        "5",
        Refused(r"is it in paise\?"),
        Check("5", Refused(r"is it in paise\?"), FUTURE),
    ),
    ("lot_size", "missing"): ruled(MISSING, 25, "lot_size: missing, empty or 0"),
    ("lot_size", "empty"): ruled("", 25, "lot_size: missing, empty or 0"),
    ("lot_size", "0"): ruled("0", 25, "lot_size: missing, empty or 0"),
    ("lot_size", "negative"): refused("-25", words="whole number"),
    ("lot_size", "text"): refused("x", words="whole number"),
    ("lot_size", "other unit"): taken(
        "`5.0` as 5", "25.0", 25, Check("25.5", Refused("whole number"))
    ),
    ("instrument_type", "missing"): said(MISSING, "CE", unsaid="instrument_type: expected one of"),
    ("instrument_type", "empty"): said("", "CE", unsaid="instrument_type: expected one of"),
    ("instrument_type", "0"): refused("0", words="expected one of EQ, FUT, CE, PE"),
    ("instrument_type", "negative"): refused("-1", words="expected one of EQ, FUT, CE, PE"),
    ("instrument_type", "text"): refused(
        "PE", "FUT", "EQ", "OPTIDX", "ce", words="instrument_type: "
    ),
    ("segment", "missing"): taken("by type and exchange", MISSING, "NFO-OPT"),
    ("segment", "empty"): taken("by type and exchange", "", "NFO-OPT"),
    ("segment", "0"): refused("0", words="expected NFO-OPT"),
    ("segment", "negative"): refused("-1", words="expected NFO-OPT"),
    ("segment", "text"): refused("NFO", "NFO-FUT", "INDICES", words="segment: "),
    ("segment", "other exchange"): refused("BFO-OPT", "MCX-OPT", words="expected NFO-OPT"),
    ("exchange", "missing"): taken(
        "by segment, else by the underlying",
        MISSING,
        "NFO",
    ),
    ("exchange", "empty"): taken("by segment, else by the underlying", "", "NFO"),
    ("exchange", "0"): refused("0", words="expected NFO"),
    ("exchange", "negative"): refused("-1", words="expected NFO"),
    ("exchange", "text"): refused("x", "NSE", words="expected NFO"),
    ("exchange", "other exchange"): refused("BFO", "MCX", "CDS", words="expected NFO"),
}
CHECKS: Final = [
    pytest.param(field, check, id=f"{field}-{way}-{check.value}-{check.row['tradingsymbol']}")
    for (field, way), cell in CELLS.items()
    for check in cell.checks
]


def read(path: Path, row: dict[str, str]) -> Instrument:
    """The instrument that a file of this one row gives."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerow(row)
    symbol = row.get("tradingsymbol")
    if symbol:
        config = UniverseConfig(
            instruments_file=str(path), instruments=[InstrumentConfig(tradingsymbol=symbol)]
        )
        return build_universe(config, (), RULES)[0]
    named = bare_instrument(row["instrument_token"], int(row["instrument_token"]))
    return build_universe(UniverseConfig(instruments_file=str(path)), [named], RULES)[0]


@pytest.mark.parametrize(("field", "check"), CHECKS)
def test_a_field_is_taken_as_the_table_says_or_refused(
    field: str, check: Check, tmp_path: Path
) -> None:
    row = dict(check.row)
    del row[field]
    if check.value is not None:
        row[field] = check.value
    path = tmp_path / "dump.csv"
    if not isinstance(check.expected, Refused):
        found = read(path, row)
        ours = {"strike": "strike_paise", "tick_size": "tick_paise"}.get(field, field)
        assert getattr(found, ours) == check.expected
        return
    with pytest.raises(ConfigError, match=check.expected.words) as caught:
        read(path, row)
    text = str(caught.value)
    assert text.startswith(f"universe.instruments_file: {path}: ")
    assert "\n" not in text
    if "expected the columns" not in text:
        assert f"{path}: line 2: " in text
        assert f": {field}: " in text
        assert (check.value or "") in text
        assert "; " in text, "it says what to do"


def test_the_table_of_instrument_fields_is_documented() -> None:
    written = rows(FORMATS, "<!-- instrument fields -->")
    texts = {(field, way): CELLS.get((field, way), NONE).text for field in FIELDS for way in WAYS}
    assert written == [[f"`{field}`", *(texts[field, way] for way in WAYS)] for field in FIELDS]


def test_a_share_needs_no_lot_and_no_step_and_the_run_says_what_it_assumed(tmp_path: Path) -> None:
    share = {"instrument_token": "738561", "tradingsymbol": "RELIANCE", "instrument_type": "EQ"}
    found = read(tmp_path / "a.csv", share)
    assert (found.tick_paise, found.lot_size, found.has_contract_row) == (5, 1, False)
    found = read(tmp_path / "b.csv", share | {"tick_size": "0.1"})
    assert (found.tick_paise, found.name, found.has_contract_row) == (10, "RELIANCE", True)


def test_what_an_index_or_a_share_does_not_have_is_not_read(tmp_path: Path) -> None:
    odd = {"expiry": "NaT", "strike": "nan"}
    index = {"instrument_token": "256265", "tradingsymbol": "NIFTY 50", "instrument_type": "EQ"}
    found = read(tmp_path / "a.csv", index | odd)
    assert (found.instrument_type, found.segment, found.expiry) == ("INDEX", "INDICES", "")
    share = {"instrument_token": "738561", "tradingsymbol": "RELIANCE", "instrument_type": "EQ"}
    assert read(tmp_path / "b.csv", share | odd).strike_paise == 0


def test_a_contract_of_bse_is_not_taken_for_one_of_nse(tmp_path: Path) -> None:
    sensex = {
        "instrument_token": "218937093", "tradingsymbol": "SENSEX2682078000CE", "lot_size": "20",
        "tick_size": "0.05",
    }  # fmt: skip
    found = read(tmp_path / "a.csv", sensex)
    assert (found.exchange, found.segment, found.expiry) == ("BFO", "BFO-OPT", "2026-08-20")
    with pytest.raises(ConfigError, match="exchange: expected BFO for CE of SENSEX, was 'NFO'"):
        read(tmp_path / "b.csv", sensex | {"exchange": "NFO"})


def test_a_token_in_the_low_byte_of_indices_does_not_make_a_call_an_index(tmp_path: Path) -> None:
    found = read(tmp_path / "a.csv", OPTION | {"instrument_token": "256265"})
    assert found.instrument_type == "CE"
