"""`orchestrate dashboard`: the pages of all runs, served to this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrate.cli.options import Open, Reports

Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Where it listens; 0: at one that is free.")]


def dashboard(reports: Reports = Path("reports"), port: Port = 8350, open_: Open = False) -> None:
    """Serve the index and the pages of all runs on 127.0.0.1, read only, until Ctrl-C."""
    from orchestrate.cli.browsing import show_page
    from orchestrate.reporting.output import say
    from orchestrate.usecases.pages.dashboard import HOST
    from orchestrate.usecases.pages.dashboard import dashboard as usecase

    with usecase(reports, port) as server:
        address = f"http://{HOST}:{server.server_address[1]}/"
        say(address)
        if open_:
            show_page(address)
        server.serve_forever()
