"""Lists and comparisons of stored runs, as plain text that is never cut; made from documents alone."""
