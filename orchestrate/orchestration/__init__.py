"""The decisions of a run, pure: who may trade what, when, and why. No I/O, clock or randomness."""
