"""The commands of `run_fno_paper`, one file each."""
