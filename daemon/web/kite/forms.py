"""Fields of a form or a query, as Kite's clients send them: text, read once and strictly.

Numbers may come as floats that are whole ("65.0"); nan, inf and what is below 0 are refused; 0 is
the same as no field. Fields that are not asked for are ignored, as Kite ignores them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, TypeVar
from urllib.parse import parse_qsl

from daemon.domain.money import PAISE_PER_RUPEE
from daemon.web.kite.errors import KiteError, bad_input

FIELDS_MAX: Final = 200
_TAG: Final = re.compile(r"[A-Za-z0-9 ._:-]{0,20}")
_NUMBER: Final = re.compile(
    r"[+-]?([0-9]{1,15}(\.[0-9]{0,18})?|\.[0-9]{1,18})([eE][+-]?[0-9]{1,2})?"
)
_LARGEST: Final = 10**9
_HAIR: Final = Decimal("0.0001")
"""Paise by which a float that was computed may miss the paisa it means."""
Word = TypeVar("Word", bound=str)


class Form:
    """The fields by name, the last of several with one name."""

    def __init__(self, fields: Iterable[tuple[str, str]]) -> None:
        self._fields: Final = dict(fields)

    @classmethod
    def of_body(cls, body: bytes) -> Form:
        """Return the fields of a form. Raises KiteError."""
        try:
            text = body.decode("utf-8")
            return cls(
                parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)
            )
        except ValueError as error:
            raise bad_input("the body is not a form of UTF-8 fields") from error

    def with_path(self, path: Mapping[str, str]) -> Form:
        """Return the fields with those of the path in front."""
        return Form({**self._fields, **path}.items())

    def has(self, name: str) -> bool:
        """Return whether a field was sent with a value; 0 is no value for a number."""
        return bool(self._fields.get(name, "").strip())

    def text(self, name: str, default: str | None = None) -> str:
        """Return a field. Raises KiteError if it is missing and has no default."""
        value = self._fields.get(name, "")
        if value:
            return value
        if default is None:
            raise missing(name)
        return default

    def choice(self, name: str, among: Sequence[Word], default: Word | None = None) -> Word:
        """Return one of a few words. Raises KiteError."""
        value = self.choice_if_any(name, among)
        found = default if value is None else value
        if found is None:
            raise missing(name)
        return found

    def choice_if_any(self, name: str, among: Sequence[Word]) -> Word | None:
        """Return one of a few words, None where it is absent. Raises KiteError."""
        value = self.text(name, "")
        for word in among:
            if word == value:
                return word
        if value:
            raise wrong(name, f"one of {', '.join(among)}", value)
        return None

    def units(self, name: str) -> int:
        """Return a whole number, 0 where it is absent. Raises KiteError."""
        value = self._number(name)
        if value != value.to_integral_value():
            raise wrong(name, "a whole number", self.text(name))
        return int(value)

    def paise(self, name: str) -> int:
        """Return rupees as whole paise, 0 where they are absent. Raises KiteError."""
        value = self._number(name) * PAISE_PER_RUPEE
        whole = value.to_integral_value()
        if abs(value - whole) > _HAIR:
            raise wrong(name, "rupees with whole paise", self.text(name))
        return int(whole)

    def protection(self) -> float:
        """Return `market_protection`: percent, -1 for automatic, 0 for none. Raises KiteError."""
        name = "market_protection"
        text = self._fields.get(name, "").strip()
        if text in ("-1", "-1.0"):
            return -1.0
        value = self._number(name)
        if value > 100:
            raise wrong(name, "-1 or up to 100", text)
        return float(value)

    def flag(self, name: str) -> bool:
        """Return a yes or no, no where it is absent. Raises KiteError."""
        value = self.text(name, "false").lower()
        if value not in ("true", "false", "1", "0"):
            raise wrong(name, "true or false", value)
        return value in ("true", "1")

    def tag(self) -> str:
        """Return the order's tag. Raises KiteError."""
        value = self.text("tag", "")
        if not _TAG.fullmatch(value):
            raise wrong("tag", "at most 20 of A-Z a-z 0-9 space . _ : -", value)
        return value

    def _number(self, name: str) -> Decimal:
        text = self._fields.get(name, "").strip()
        if not text:
            return Decimal(0)
        if not _NUMBER.fullmatch(text):
            raise wrong(name, "a number", text)
        value = Decimal(text)
        if not 0 <= value <= _LARGEST:
            raise wrong(name, f"0 to {_LARGEST}", text)
        return value


def missing(name: str) -> KiteError:
    """Return the refusal of a request without a field that it needs."""
    return bad_input(f"Missing or empty field `{name}`")


def wrong(name: str, expected: str, was: str) -> KiteError:
    """Return the refusal of a field; what a program sent is short and harmless to show."""
    return bad_input(f"Invalid `{name}`: expected {expected}, was {was[:40]!a}")
