"""Chains of options on any underlying, made from its closes."""
