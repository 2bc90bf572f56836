"""Text for people: safe to show, spelled right, in units that they use."""
