"""Receive live ticks: the inbox of frames, waiting before a new attempt, the clock of the run."""
