"""Named readers of vendors' files: a row of a table each, on shared readers."""
