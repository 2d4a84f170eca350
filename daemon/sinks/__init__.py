"""Committed events for other programs."""
