"""The one follower, and the stream of what it shows."""
