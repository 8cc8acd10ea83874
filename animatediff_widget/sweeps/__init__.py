"""Sweeps: one request run over many values of its fields."""
