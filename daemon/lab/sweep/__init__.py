"""Sweeps: many variants of one configuration over the same recordings (docs/LAB.md, Sweeps)."""
