"""The strategies of a run: how each kind is called, and what it may see."""
