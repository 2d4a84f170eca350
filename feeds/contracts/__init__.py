"""Find the contracts of a run: in instrument dumps, by symbol, or from a recording."""
