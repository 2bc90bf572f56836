"""Figures from facts: metrics, correlation, attribution."""
