"""Carry a person's commands from the control socket to the engine, or to a paced run."""
