"""Decide, as an exchange does, what becomes of an order: pure, and without strategies."""
