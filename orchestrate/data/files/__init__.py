"""Files and objects with bars: their formats, their bounds, their columns."""
