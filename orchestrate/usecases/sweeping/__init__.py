"""A sweep: many runs of plans that differ, on one workbench."""
