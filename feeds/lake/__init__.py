"""Months of recordings as a lake: a directory a date and underlying, each with parts."""
