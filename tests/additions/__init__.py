"""What may be added to the program, and how few files it takes."""
