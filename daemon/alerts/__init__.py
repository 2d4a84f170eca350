"""Alerts: what happened to an account, told over the channels of its owner."""
