"""The bars that a stored run was made of, as far as they can still be read."""

from __future__ import annotations

import os
from pathlib import Path

from orchestrate import wiring
from orchestrate.domain.errors import OrchestrateError
from orchestrate.domain.text.printable import one_line
from orchestrate.reporting.page.subject import Prices
from orchestrate.runs.plans import plan_of
from orchestrate.runs.reading import StoredRun


def prices_of(run: StoredRun) -> Prices:
    """Return the bars of a run where they are still there and unchanged; else why they are not shown."""
    from orchestrate.data.loading import load_market

    root = run.manifest.get("root")
    if root is None:
        return Prices(missing="the run does not say where its data were")
    try:
        plan = plan_of(run, Path(root))
        market, _ = load_market(plan, cache=wiring.column_cache(os.environ, wanted=True))
    except OrchestrateError as error:
        return Prices(missing=f"its data can't be read: {one_line(str(error).splitlines()[0])}")
    if market.data_hash != run.manifest["data_hash"]:
        return Prices(missing="its data have changed since the run")
    return Prices(market.series)
