"""Kite Connect: live ticks, instruments, historical candles; nothing that could place orders."""
