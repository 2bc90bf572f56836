"""Run commands with streams that are open, closed or full, each in a fork of one process that has imported it all.

The cases come as JSON on the command line: a list of [words, kind of stdout, kind of stderr]. What came of them is
written to `results.json`: a list of [exit code, stdout, stderr].
"""

from __future__ import annotations

import gc
import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from orchestrate.cli.app import run
from orchestrate.cli.streams import take_streams

NAMES = ("stdout", "stderr")


def as_python_starts(*kinds: str) -> None:
    """Put streams in the place of this process's, as a shell and Python's start would have done."""
    for descriptor, (name, kind) in enumerate(zip(NAMES, kinds, strict=True), 1):
        os.close(descriptor)
        setattr(sys, name, None)
        if kind != "closed":
            opened = os.open("/dev/full" if kind == "full" else name, os.O_WRONLY)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
            setattr(sys, name, os.fdopen(descriptor, "w", closefd=False))


def ended(words: list[str], *kinds: str) -> list[object]:
    """Exit code, stdout and stderr of one command."""
    for name in NAMES:
        Path(name).write_text("")
    child = os.fork()
    if not child:
        as_python_starts(*kinds)
        sys.argv[1:] = words
        take_streams()
        run()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return [code, *(Path(name).read_text() for name in NAMES)]


def main() -> None:
    """Import by running some commands here, then run each."""
    for line in ("backtest single.yaml", "report latest", "strategies RSI", "data none.csv", "schema"):
        with suppress(SystemExit):
            run(line.split())
    gc.freeze()
    results = [ended(*case) for case in json.loads(sys.argv[1])]
    Path("results.json").write_text(json.dumps(results))


main()
