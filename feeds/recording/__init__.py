"""Every input of a live run on disk, in the order in which the engine took them (design D16)."""
