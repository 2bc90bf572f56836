"""Orders: from a demand to a fill, and the rules by which they fill."""
