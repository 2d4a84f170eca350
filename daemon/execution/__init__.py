"""Orders, fills and exits: the deterministic core. Imports no clock, no I/O, no tasks."""
