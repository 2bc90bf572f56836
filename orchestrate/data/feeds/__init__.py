"""Feeds: how ticks come in, and how stored bars are sent as ticks."""
