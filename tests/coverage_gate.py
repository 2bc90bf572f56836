"""Holds the promised coverage after a test run: domain and orchestration 95 %, everything 90 %, branches counted.

Run it where `.coverage` lies; exit code 1 names what is short.
"""

from __future__ import annotations

import io
import sys

import coverage

FLOORS = {"orchestrate/domain/*": 95.0, "orchestrate/orchestration/*": 95.0, "orchestrate/*": 90.0}


def main() -> int:
    """Print one line for each promise; 1 when one is broken."""
    measured = coverage.Coverage()
    measured.load()
    short = 0
    for pattern, floor in FLOORS.items():
        reached = measured.report(include=[pattern], file=io.StringIO())
        kept = reached >= floor
        short += not kept
        print(f"coverage {pattern:<28} {reached:6.2f} %  (at least {floor:.0f} %)  {'kept' if kept else 'BROKEN'}")
    if short:
        measured.report(include=["orchestrate/*"], show_missing=True, skip_covered=True)
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
