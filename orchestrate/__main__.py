"""`python -m orchestrate`: the same as the command `orchestrate`."""

from orchestrate.cli import main

main()
