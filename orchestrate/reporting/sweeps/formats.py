"""The formats of `report` for a sweep: each is a function that prints it, or writes it to a file."""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Final

from orchestrate.domain.text.printable import one_line
from orchestrate.reporting.figures import exact
from orchestrate.reporting.formats import Detail
from orchestrate.reporting.output import json_text, say_or_write, write_text
from orchestrate.runs.sweeps.reading import TRIALS, StoredSweep

#: Prints the sweep on stdout, or writes it to the file.
SweepFormat = Callable[[StoredSweep, Path | None, Detail], None]
#: What `read_sweep` has to bring with it.
FILES: Final = (TRIALS,)


def _text(sweep: StoredSweep, file: Path | None, detail: Detail) -> None:
    if detail.quiet:
        say_or_write(one_line(sweep.folder.as_posix()), file)
        return
    from orchestrate.reporting.sweeps.text import show

    show_sweep = partial(show, sweep.document(), verbose=detail.verbose)
    if file is None:
        show_sweep()
        return
    written = StringIO()
    show_sweep(file=written)
    write_text(file, written.getvalue())


def _json(sweep: StoredSweep, file: Path | None, _detail: Detail) -> None:
    say_or_write(json_text(sweep.document()), file)


def _markdown(sweep: StoredSweep, file: Path | None, _detail: Detail) -> None:
    from orchestrate.reporting.sweeps.markdown import sweep_text

    say_or_write(sweep_text(sweep.document()), file)


def _csv(sweep: StoredSweep, file: Path | None, _detail: Detail) -> None:
    """Give one row a trial, with all that is stored of it and all digits."""
    names = list(sweep.names(TRIALS))
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for row in zip(*sweep.columns(TRIALS, names), strict=True):
        writer.writerow([exact(value) for value in row])
    say_or_write(text.getvalue().removesuffix("\n"), file)


FORMATS: Final[dict[str, SweepFormat]] = {"text": _text, "json": _json, "md": _markdown, "csv": _csv}
