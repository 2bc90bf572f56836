"""What is done with stored runs: list, report, compare, remove."""
