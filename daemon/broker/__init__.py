"""What a broker shows of an account: orders, trades, positions, funds, as folds over its events."""
