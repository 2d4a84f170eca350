"""Where market data comes from: recordings, a synthetic market, the exchange feed."""
