"""Strategies: the protocols that users implement, and their parameters."""
