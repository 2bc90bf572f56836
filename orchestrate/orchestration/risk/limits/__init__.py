"""Limits of risk: each is a dataclass of its settings and a pure function of an opening."""
