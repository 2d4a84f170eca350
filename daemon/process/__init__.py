"""Connect the process to its host: signals, clock, logs, memory, service manager."""
