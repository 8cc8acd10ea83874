"""What a job goes through, and who drives it."""
