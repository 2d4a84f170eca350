"""Facts of a run's journal for other processes."""
