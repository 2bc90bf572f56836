"""`orchestrate baseline`: the figures of a stored run, for the gates of later ones."""

from __future__ import annotations

from pathlib import Path

from orchestrate.cli.options import Output, Reports, RunId


def baseline(run: RunId, file: Output = None, reports: Reports = Path("reports")) -> None:
    """Print the figures that later runs are compared with.

    As JSON, to commit. Gates such as 'sharpe >= baseline - 0.1' take it by --baseline.
    """
    from orchestrate.reporting.output import json_text, say_or_write
    from orchestrate.usecases.stored import baseline as usecase

    say_or_write(json_text(usecase.baseline(run, reports)), file)
