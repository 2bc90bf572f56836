"""Lists and comparisons of stored runs, as plain text in which no figure is cut; made from documents alone."""
