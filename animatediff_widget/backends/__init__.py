"""How a place that runs jobs is spoken to."""
