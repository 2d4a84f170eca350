"""How wrong paper is: what real orders paid against what paper would have (docs/CALIBRATE.md)."""
