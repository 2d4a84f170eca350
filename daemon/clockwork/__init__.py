"""Handle one input: what is due first, then the rows, in the order of SEMANTICS."""
