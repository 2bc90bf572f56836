"""A run: from its plan to its result, and what can stop it."""
