"""Write and serve the pages of stored runs, and their index."""
