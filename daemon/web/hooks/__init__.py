"""Messages of charting services as intents of a named strategy, on a listener of their own."""
