"""Five vendors' APIs on the wire, each one module beside its siblings; see README.md."""
