"""Text into columns: dialects, numbers, dates."""
