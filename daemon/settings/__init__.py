"""Read a configuration: every setting declared once, checked before anything starts."""
