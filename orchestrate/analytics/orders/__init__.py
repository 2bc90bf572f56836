"""What became of the orders of a run."""
