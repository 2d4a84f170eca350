"""Decide as the exchange does what becomes of an order: pure, and without strategies."""
