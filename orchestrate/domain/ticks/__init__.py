"""Ticks of a feed, and the bars and steps that they become."""
