"""Sweeps: points, samplers, executors, selection. What runs a trial comes as an argument."""
