"""The option chain: what an expiry and a strike mean, on one day and at one moment."""
