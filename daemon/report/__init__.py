"""Show what a run came to: the summary on the terminal and the page that is kept."""
