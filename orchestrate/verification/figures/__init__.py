"""The figures of a run once more, from its curves, which by then are known to follow from its fills."""
