"""The v3 engine inside another program's loop."""
