"""Tables and pages, made only from what a run stored."""
