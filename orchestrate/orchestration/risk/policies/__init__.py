"""Conflicts: several strategies demand one symbol at one step, and a policy settles what each may trade."""
