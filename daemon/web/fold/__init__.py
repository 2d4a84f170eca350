"""A journal folded for the page, as rows that it sends."""
