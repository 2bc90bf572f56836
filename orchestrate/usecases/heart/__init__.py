"""HEART: how people fare with this program, from the journal of all runs."""
