"""Sweeps as texts and tables, made from the document of a sweep alone."""
