"""Tests of the broker's books and of GTTs."""
