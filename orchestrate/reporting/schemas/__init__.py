"""Schemas of the JSON documents that commands print. Objects may get further keys; those that are required stay."""
