"""Vendors' files: each shape, and its wrong twins."""
