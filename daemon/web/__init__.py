"""The page about an account or a run, in a process of its own."""
