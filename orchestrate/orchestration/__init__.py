"""The decisions of a run, pure: which strategy may trade what, when, and why. No I/O, clock or randomness."""
