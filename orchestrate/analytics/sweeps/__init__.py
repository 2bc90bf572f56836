"""What the trials of a sweep say about the one that was picked."""
