"""What makes the process a good service."""
