"""Benchmarks are run by name; pytest collects nothing here, for their peers may not be installed."""

collect_ignore_glob = ["*.py"]
