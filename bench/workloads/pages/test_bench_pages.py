"""Pages of stored runs, as processes: of the users' size and of half a million bars, and how soon that is seen."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from bench.goals import PAGES, Ledger
from bench.scenes.scene import Scene
from bench.scenes.whole import Used, backtest, configuration, process
from tests.reporting.page.browser import CHROMIUM, Browser
from tests.reporting.page.reading import drawn, figures_of

TURNS = 20
DAILY, MINUTES = Scene(504, 1, 5), Scene(500_000, 1, 5, 60)


def page(folder: Path) -> Used:
    return process(folder, "-m", "orchestrate", "report", "--format", "html")


def stored(folder: Path, scene: Scene) -> Path:
    """Run the scene in a folder of its own, which is returned."""
    own = folder / str(scene.bars)
    own.mkdir()
    backtest(own, configuration(scene, own, "backtrader", "nautilus" if scene is DAILY else "backtrader"))
    return own


@pytest.mark.timeout(1800)
def test_pages(tmp_path: Path, ledger: Ledger) -> None:
    daily, minutes = (stored(tmp_path, scene) for scene in (DAILY, MINUTES))
    page(daily)
    seconds = [page(daily).seconds for _ in range(TURNS)]
    many = [page(minutes).seconds for _ in range(3)]
    written = next((minutes / "reports").glob("*/report.html"))
    size = written.stat().st_size / 1e6
    usual, long = float(np.percentile(seconds, 95)) * 1000, float(np.median(many)) * 1000
    ledger.reached(PAGES, "5 strategies, 504 days, CPU, P95 of 20", usual)
    ledger.reached(PAGES, "5 strategies, 500,000 minutes, CPU", long)
    ledger.reached(PAGES, "500,000 minutes, size", size)
    opened = None if CHROMIUM is None else opening(written, tmp_path / "chromium")
    ledger.reached(PAGES, "500,000 minutes, until the first chart", opened, "" if opened else "no Chromium")
    shown = "–" if opened is None else f"{opened:.0f} ms"
    assert shows_extremes(written)
    lines = [f"page of {DAILY}: {usual:.0f} ms", f"page of {MINUTES}: {long:.0f} ms, {size:.2f} MB, seen after {shown}"]
    ledger.report(PAGES, *lines)
    assert size < 2.5


def shows_extremes(page: Path) -> bool:
    """Return whether the curve of the portfolio on a page has its lowest and its highest close."""
    [stored] = page.parent.glob("equity.parquet")
    equity = pq.read_table(stored, columns=["portfolio"])["portfolio"].to_numpy()
    capital = json.loads((page.parent / "metrics.json").read_bytes())["portfolio"]["initial_capital"]
    curve = drawn(figures_of(page.read_text(encoding="utf-8")), "equity", "portfolio") * capital
    return np.allclose([curve.min(), curve.max()], [equity.min(), equity.max()], rtol=1e-6)


def opening(page: Path, folder: Path) -> float:
    """Return the milliseconds from opening a page, at its first chart, until that is drawn; the median of five."""
    taken = []
    with Browser(folder) as browser:
        for _ in range(5):
            began = time.perf_counter()
            browser.open(page.as_uri())
            browser.ask("document.querySelector('.plot').scrollIntoView({ behavior: 'instant' })")
            browser.wait("document.querySelector('.plot .trace, .plot .heatmaplayer image')")
            taken.append(time.perf_counter() - began)
    return float(np.median(taken)) * 1000
