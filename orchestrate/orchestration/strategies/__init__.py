"""Strategies: who takes part, how each kind is called, and what it may see."""
