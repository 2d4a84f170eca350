"""The charts of a day: candles and P&L from recordings and events."""
