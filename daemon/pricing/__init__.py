"""Option values, implied volatility and Greeks: the same numbers on every machine."""
