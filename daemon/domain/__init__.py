"""The vocabulary of the daemon. Imports nothing else of the project."""
