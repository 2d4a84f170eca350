"""What a run is told by: the summary on the terminal and the page that is kept."""
