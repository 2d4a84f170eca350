"""Alerts: each fact told once to each channel that is not killed, in order."""
