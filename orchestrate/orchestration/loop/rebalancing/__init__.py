"""Rebalancing in a run: its dates, its weights, its trades and transfers."""
