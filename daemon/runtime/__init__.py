"""Put the parts of a run together and start it: live, replay, and resumed accounts."""
