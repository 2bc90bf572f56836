"""`orchestrate dashboard`: the pages of all runs, served to this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrate.cli.options import Open, Reports

Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Where it listens; 0: at one that is free.")]


def dashboard(reports: Reports = Path("reports"), port: Port = 8350, open_: Open = False) -> None:
    """Serve the pages of all runs on 127.0.0.1, until Ctrl-C.

    The index too; read only.
    """
    from orchestrate.cli.browsing import show_page
    from orchestrate.reporting.output import complain, say
    from orchestrate.runs.reading import no_run_in, run_ids
    from orchestrate.usecases.pages.dashboard import HOST
    from orchestrate.usecases.pages.dashboard import dashboard as usecase

    with usecase(reports, port) as server:
        address = f"http://{HOST}:{server.server_address[1]}/"
        say(address)
        if not run_ids(reports):
            complain(no_run_in(reports))
        if open_:
            show_page(address)
        server.serve_forever()
