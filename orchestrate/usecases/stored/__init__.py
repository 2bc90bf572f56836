"""What can be done with stored runs: list, report, compare, hand on, run again, compute again, remove."""
