"""A walk-forward: chosen on trainings, run on tests, on one account."""
