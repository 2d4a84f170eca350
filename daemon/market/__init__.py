"""Ticks become quotes, bars and triggers: pure state machines, no clock and no I/O."""
