"""Kite's own API on paper: its addresses, its words and its shapes, and no client of any kind."""
