"""Chains of options: files of several vendors → one `Chain`, with findings."""
