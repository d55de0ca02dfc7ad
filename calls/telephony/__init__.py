"""Telephone exchanges: one contract (``base``), one module or package per kind of exchange."""
