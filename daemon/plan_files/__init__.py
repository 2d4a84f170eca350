"""Plans as files: written from a template, as JSON to paste, and read from other programs."""
