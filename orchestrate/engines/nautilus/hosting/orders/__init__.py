"""The orders of a native Nautilus strategy: where they wait, what they demand, how they change."""
