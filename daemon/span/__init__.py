"""Reads a clearing house's SPAN risk-parameter file."""
