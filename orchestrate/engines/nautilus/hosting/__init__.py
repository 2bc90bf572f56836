"""Unmodified Nautilus strategies, each in an engine of its own that our loop steps."""
