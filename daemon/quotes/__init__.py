"""The last quotes of a run for other processes: one mapped file, written by one, read by many."""
