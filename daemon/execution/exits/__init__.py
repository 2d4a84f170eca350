"""Watch a position: one coroutine, and one file for each exit rule."""
