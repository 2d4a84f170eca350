"""Combined levels: stop, target, trail and lock over the result of several trades."""
