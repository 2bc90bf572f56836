"""What became of demands, gates and findings, from the tables and the figures that are right."""
