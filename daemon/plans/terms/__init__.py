"""The terms of a plan: what is written, as frozen structs, and what is wrong with it."""
