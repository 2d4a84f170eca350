"""How the program is built, in figures: `make structure`."""
