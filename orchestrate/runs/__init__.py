"""Runs on disk: the store, its manifest, the journal."""
