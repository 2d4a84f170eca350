"""The lab: simulated runs and their numbers."""
