"""Margin: what an account must hold for its options on one underlying."""
