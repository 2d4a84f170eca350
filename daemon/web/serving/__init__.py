"""How a request is read and answered: the table of routes, threads, files."""
