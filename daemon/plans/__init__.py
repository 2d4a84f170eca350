"""Plans: option strategies with legs, written in YAML and decided by one engine."""
