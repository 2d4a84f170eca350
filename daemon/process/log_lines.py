"""A log record as the text of its lines, in the two formats of `log.format`.

Facts come many to a record (`FACTS`), because that is many times cheaper; each becomes a line of
its own. What comes from outside is escaped here, a record never makes more lines than it should.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from daemon.visible import visible, visible_json, visible_lines

if TYPE_CHECKING:
    from loguru import Record

FACT: Final = "fact"
"""Bound to a line that states a fact, with its kind: such a line is never collapsed."""
FACTS: Final = "facts"
"""Bound to a record of many facts, a sequence of `Fact`."""
TRACEBACK: Final = "traceback"
_LINES: Final = "_lines"
_APART: Final = frozenset({TRACEBACK, FACT, FACTS, _LINES})
_BESIDE_A_FACT: Final = ("account", "at", "seq", "since")
"""What the sentence of a fact does not say itself; the rest is in the JSON format only."""

_encoder: Final = msgspec.json.Encoder(enc_hook=str)


class Fact(msgspec.Struct, frozen=True, gc=False):
    """A sentence, the market's time and the journal's number; and the same in fields.

    `fields` is called only where the format has them: most lines are text.
    """

    sentence: str
    at: str
    seq: int
    fields: Callable[[], dict[str, Any]]


def text_format(record: Record) -> str:
    """Return loguru's format of a record as text: time (IST), level, message, `name=value`."""
    extra = record["extra"]
    if _LINES not in extra:
        extra[_LINES] = "".join(_text_lines(record))
    # Not in the format itself: braces and tags of a value are no markup.
    return "{extra[" + _LINES + "]}"


def json_format(record: Record) -> str:
    """Return loguru's format of a record as JSON, with the keys of loguru's own `serialize`."""
    extra = record["extra"]
    if _LINES not in extra:
        extra[_LINES] = "".join(_json_lines(record))
    return "{extra[" + _LINES + "]}"


def _text_lines(record: Record) -> Iterator[str]:
    extra = record["extra"]
    head = f"{record['time'].isoformat(' ', 'milliseconds')} {record['level'].name:<7} "
    facts = extra.get(FACTS)
    if facts is None:
        below = _below(record)
        yield f"{head}{visible(record['message'])}{_bound(extra)}\n{below}"
        return
    account = f" account={extra['account']}" if "account" in extra else ""
    for fact in facts:
        line = f"{fact.sentence}{account} at={fact.at} seq={fact.seq}"
        yield f"{head}{visible(line)}\n"


def _bound(extra: Mapping[str, Any]) -> str:
    names = _BESIDE_A_FACT if FACT in extra else extra
    return "".join(
        visible(f" {name}={extra[name]}") for name in names if name in extra and name not in _APART
    )


def _below(record: Record) -> str:
    """Return the tracebacks, each ending its line."""
    parts = []
    if TRACEBACK in record["extra"]:
        parts.append(str(record["extra"][TRACEBACK]).rstrip())
    if (error := record["exception"]) is not None:
        parts.append("".join(traceback.format_exception(*error)).rstrip())
    return "".join(f"{visible_lines(part)}\n" for part in parts)


def _json_lines(record: Record) -> Iterator[str]:
    extra = {name: value for name, value in record["extra"].items() if name not in (FACTS, _LINES)}
    facts = record["extra"].get(FACTS)
    if facts is None:
        yield _json_line(record, record["message"], extra)
        return
    for fact in facts:
        places = {"at": fact.at, "seq": fact.seq}
        yield _json_line(record, fact.sentence, extra | places | fact.fields())


def _json_line(record: Record, message: str, extra: Mapping[str, Any]) -> str:
    error, level, time = record["exception"], record["level"], record["time"]
    shown = {
        "text": f"{message}\n" + ("" if error is None else _below(record)),
        "record": {
            "elapsed": {
                "repr": str(record["elapsed"]), "seconds": record["elapsed"].total_seconds(),
            },
            "exception": None if error is None else {
                "type": None if error.type is None else error.type.__name__,
                "value": str(error.value),
                "traceback": bool(error.traceback),
            },
            "extra": extra,
            "file": {"name": record["file"].name, "path": record["file"].path},
            "function": record["function"],
            "level": {"icon": level.icon, "name": level.name, "no": level.no},
            "line": record["line"],
            "message": message,
            "module": record["module"],
            "name": record["name"],
            "process": {"id": record["process"].id, "name": record["process"].name},
            "thread": {"id": record["thread"].id, "name": record["thread"].name},
            "time": {"repr": str(time), "timestamp": time.timestamp()},
        },
    }  # fmt: skip
    return visible_json(_encoder.encode(shown).decode()) + "\n"
