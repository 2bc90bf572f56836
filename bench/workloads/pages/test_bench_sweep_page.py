"""The page of a sweep of 2,000 trials over ten years, as a process, and how soon its first chart is seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.goals import PAGES, Ledger
from bench.scenes.whole import process
from bench.workloads.pages.test_bench_pages import opening
from orchestrate.domain.sweeps import Axis
from tests.analytics.sweeps.builders import FAST, SLOW, sweep_of
from tests.analytics.sweeps.stored import store_sweep
from tests.reporting.page.browser import CHROMIUM

TURNS = 5
AXES = (
    Axis(FAST.name, FAST.path, tuple(range(5, 25))),
    Axis(SLOW.name, SLOW.path, tuple(range(30, 130, 10))),
    Axis("trend.stop", ("strategies", "trend", "config", "stop"), tuple(range(1, 11))),
)


@pytest.mark.timeout(600)
def test_page_of_a_sweep(tmp_path: Path, ledger: Ledger) -> None:
    plan, part = sweep_of(axes=AXES, days=2520)
    folder = store_sweep(tmp_path / "reports", plan, [part])
    used = [process(tmp_path, "-m", "orchestrate", "report", "--format", "html") for _ in range(TURNS)]
    milliseconds = float(np.median([one.seconds for one in used])) * 1000
    page = folder / "report.html"
    size = page.stat().st_size / 1e6
    ledger.reached(PAGES, "sweep of 2,000 trials, 2,520 days, CPU", milliseconds)
    ledger.reached(PAGES, "sweep of 2,000 trials, size", size)
    opened = None if CHROMIUM is None else opening(page, tmp_path / "chromium")
    ledger.reached(PAGES, "sweep of 2,000 trials, until the first chart", opened, "" if opened else "no Chromium")
    shown = "–" if opened is None else f"{opened:.0f} ms"
    line = f"2,000 trials, 2,520 days: {milliseconds:.0f} ms, {size:.2f} MB, seen after {shown}"
    ledger.report("page of a sweep", line)
    assert size < 2.5
