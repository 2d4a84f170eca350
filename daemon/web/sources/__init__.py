"""What the page reads: a journal, a quotes map, and what a run's directory says of it."""
