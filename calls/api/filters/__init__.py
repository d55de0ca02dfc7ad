"""Which rows a list shows."""
