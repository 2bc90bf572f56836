"""Options in a run: structures from signals to settlement."""
