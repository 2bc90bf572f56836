"""The Python API: the same engine room as the command line."""
