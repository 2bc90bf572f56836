"""Strategies by name: finding, describing, loading."""
