"""Instruments: what can be traded, and how it behaves."""
