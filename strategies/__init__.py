"""Trading strategies and the engine that runs them; they never see the execution side."""
