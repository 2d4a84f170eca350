"""What other processes read of a run: the facts of its journal."""
