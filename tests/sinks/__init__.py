"""Committed events for other programs: each once, in order, whatever is killed."""
