"""The page of a sweep: one HTML file about all its variants (docs/LAB.md, The page)."""
