"""The gates between an intent and an order."""
