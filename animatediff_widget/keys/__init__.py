"""Keys: found, kept, and hidden from everything that is shown, saved or logged."""
