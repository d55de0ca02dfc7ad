"""Benchmarks: ``python3 -m bench`` prints each door's speed as a ratio to plain baselines measured in the same run."""
