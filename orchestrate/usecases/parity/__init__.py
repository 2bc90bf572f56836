"""The same portable strategies on every engine, and what is not the same."""
