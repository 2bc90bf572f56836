"""The command line in a process of its own: a folder and words come in on each line, code and texts go out."""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout

from orchestrate.cli import app


def run(folder: str, words: list[str]) -> tuple[object, str, str]:
    """Run one command in `folder`; return its exit code and what it printed."""
    os.chdir(folder)
    out, err = io.StringIO(), io.StringIO()
    code: object = None
    with redirect_stdout(out), redirect_stderr(err):
        try:
            app.run(words)
        except SystemExit as left:
            code = left.code
    return code, out.getvalue(), err.getvalue()


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # nothing that an engine prints gets among the answers
    for line in sys.stdin:
        print(json.dumps(run(*json.loads(line))), file=answers, flush=True)
