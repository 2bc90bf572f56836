"""A second computation of a stored run, from its fills and the data alone.

It shares no code with the loop, the engines, the books or the analytics, and imports nothing else of `orchestrate`:
what they had in common would be wrong in both. The rules are those of docs/reference.
"""
