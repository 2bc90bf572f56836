"""The loop: the clock, the step, and what a run records."""
