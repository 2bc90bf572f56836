"""Synthetic markets, seeded, and the samples that ship."""
