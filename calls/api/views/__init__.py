"""The addresses of our API."""
