"""Our own API, ``/api/v1/``: an edge that authenticates, reads, calls one function and renders."""
