"""Read and write files safely: private ones, the user's own, and long lines."""
