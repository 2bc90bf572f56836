"""Curves with their trades, of which metrics and tables are made."""
