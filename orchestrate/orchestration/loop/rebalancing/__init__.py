"""Rebalancing in a run: when it is due, what is traded and moved, and by which weights."""
