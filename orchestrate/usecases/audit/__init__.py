"""Is a stored run what it says: run it again, compute it again."""
