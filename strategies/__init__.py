"""Trading strategies and the engine that runs them. They see rupees and never the execution."""
