"""One folder an engine; delete one and the others still work."""
