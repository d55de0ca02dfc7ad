"""Believable data to look around in: two tenants, their people, and a month of calls up to now.

The same seed and the same moment make the same rows; ids, passwords and tokens aside. Numbers are from the ranges that the
countries' regulators keep for fiction, so none of them is anybody's.
"""

from calls.demo.making import Demo, is_there, make

__all__ = ["Demo", "is_there", "make"]
