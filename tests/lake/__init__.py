"""The lake: what is written, judged and read."""
