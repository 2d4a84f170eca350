"""What an AI assistant may read and do."""
