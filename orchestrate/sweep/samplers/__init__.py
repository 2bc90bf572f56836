"""Samplers: which points of its space a sweep evaluates, and in which order."""
