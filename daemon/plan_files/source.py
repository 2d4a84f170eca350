"""A mapping of another program's file, read key by key; what is left over is named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from daemon.files.yaml_document import found as shown

_OFF: Final[tuple[Any, ...]] = (None, "None", "", False, "False", 0, "0", {}, [])


class Source:
    """Keys that are taken one by one; `notes` gets a line for each that is not."""

    def __init__(self, values: Mapping[str, Any], place: str, notes: list[str]) -> None:
        self._values = values
        self._taken: set[str] = set()
        self.place = place
        self.notes = notes

    def take(self, *keys: str) -> Any:
        """Return the value of the first of these keys that is there, None without one."""
        self._taken.update(keys)
        return next((self._values[key] for key in keys if key in self._values), None)

    def word(self, *keys: str) -> str:
        """Return a value such as `PositionType.Sell` without what stands before its dot."""
        value = self.take(*keys)
        return "" if value in (None, "None") else str(value).rsplit(".", 1)[-1]

    def flag(self, key: str) -> bool:
        """Return a switch that is written as true, "True" or "False"."""
        value = self.take(key)
        is_on = value in (True, "True")
        if not is_on and value not in _OFF:
            self.note(key, value)
        return is_on

    def typed(self, key: str) -> tuple[str, Any]:
        """Return a pair of `Type` and `Value`, ("", None) if it is switched off."""
        pair = self.take(key)
        if not isinstance(pair, Mapping) or pair.get("Type") in _OFF:
            if pair not in _OFF and not isinstance(pair, Mapping):
                self.note(key, pair)
            return "", None
        return str(pair["Type"]).rsplit(".", 1)[-1], pair.get("Value")

    def note(self, key: str, value: Any, why: str = "has no counterpart here") -> None:
        """Name a thing that was not taken over."""
        seen = shown(dict(value) if isinstance(value, Mapping) else value)
        if isinstance(value, Mapping) and "Type" in value:
            seen = str(value["Type"])
        self.notes.append(f"{self.place}{key} ({seen}) {why}")

    def name_the_rest(self) -> None:
        """Name every key that nothing was made of, those that are switched off left out."""
        for key, value in self._values.items():
            is_off = value in _OFF or (isinstance(value, Mapping) and value.get("Type") in _OFF)
            if key not in self._taken and not is_off:
                self.note(key, value)
