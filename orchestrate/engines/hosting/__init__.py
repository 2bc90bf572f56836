"""What hosting native strategies takes in every engine: their orders, guards, refusals, verdicts and failures."""
