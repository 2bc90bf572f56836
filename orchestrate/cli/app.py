"""The Typer application: its commands, and the one place where errors become exit codes."""

from __future__ import annotations


def run() -> None:
    """Run the command line."""
