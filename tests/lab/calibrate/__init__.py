"""Tests of `run_fno_paper calibrate`."""
