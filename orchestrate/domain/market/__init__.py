"""The market: bars, series, the one timeline, and the moments on it."""
