"""Watch a live feed: the inbox of frames, the guard, the strike window, its clock."""
