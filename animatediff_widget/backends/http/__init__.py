"""Exchanges over HTTP that always end, and what endpoints answer."""
