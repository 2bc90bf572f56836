"""Options of a stored run once more: their marks, what they fill at, what they come to when they expire."""
