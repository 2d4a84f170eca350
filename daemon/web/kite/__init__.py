"""Kite Connect's own API on paper, for programs written for Kite; a listener of its own."""
