"""The past: days, runs, pages of trades, one trade, comparisons."""
