"""The command line: one file a command; parse, call one use case, print, exit."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the `orchestrate` command."""
    from orchestrate.cli.process import start_up, supervise

    start_up()
    from orchestrate.cli.streams import take_streams

    take_streams()
    with supervise(sys.argv[1:]):
        from orchestrate.cli.app import run

        run()
