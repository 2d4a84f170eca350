"""Read recorded files of ticks and candles: CSV, JSON Lines, Parquet."""
