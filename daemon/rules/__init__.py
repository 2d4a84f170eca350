"""The dated rulebook: sessions, charges and contract specifications for any date."""

from daemon.rules.calendar import Session
from daemon.rules.loader import load_rulebook
from daemon.rules.rulebook import Rulebook

__all__ = ["Rulebook", "Session", "load_rulebook"]
