"""The panels of the page: each is a function from what is known to what is shown."""
