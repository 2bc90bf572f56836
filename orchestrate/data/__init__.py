"""From files to columns: sources, findings, alignment."""
