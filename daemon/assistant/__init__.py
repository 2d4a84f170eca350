"""What an AI assistant may read of an account, and the little that it may be allowed to do."""
