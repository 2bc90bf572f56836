"""Pages of runs that have little, failed, lost everything, or are very long."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from orchestrate.reporting.page import page as pages
from orchestrate.usecases.pages.page import page_text
from tests.reporting.page.conftest import command
from tests.reporting.page.reading import drawn, figures_of

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

BARS = "data: {{AAA: {{synthetic: {{bars: {bars}, seed: 7, frequency: {frequency}}}}}}}\n"
ONE = "strategy: MOMENTUM\nconfig: {fast: 3, slow: 8}\ncapital: 100000\n"
BROKEN = """\
class Broken:
    def should_enter(self, bars):
        raise RuntimeError("<b>enough</b>")

    def should_exit(self, position, bars):
        return False
"""


@pytest.fixture
def make(tmp_path):
    """Run a configuration and return its folder and its page."""

    def made(text: str, code: int, *words: str) -> tuple[Path, str]:
        (tmp_path / "run.yaml").write_text(text)
        with contextlib.chdir(tmp_path):
            assert command("backtest", "run.yaml", "-q", *words) == code
        run = max((tmp_path / "reports").iterdir())
        return run, page_text(run.name, run.parent)

    return made


def sections(page: str) -> list[str]:
    return re.findall(r"<h2 [^>]*>([^<]+)</h2>", page)


def test_a_run_without_a_bar(make):
    _, page = make(ONE + BARS.format(bars=100, frequency="1d"), 124, "--time-limit", "0")
    assert "The run has no bar." in page
    assert "Equity and drawdown" not in sections(page)
    assert sections(page)[-2:] == ["Configuration", "Provenance"]


@pytest.mark.parametrize(("bars", "frequency"), [(9, "1d"), (300, "1h")])
def test_short_runs(make, bars, frequency):
    _, page = make(ONE + BARS.format(bars=bars, frequency=frequency), 0)
    assert {"Result", "Equity and drawdown", "Months", "Years", "Exposure and capital"} <= set(sections(page))
    assert "Rolling figures" not in sections(page)


def test_days_without_a_return_are_drawn_as_no_loss(make):
    _, page = make(ONE + BARS.format(bars=300, frequency="1d"), 0)
    [bars] = figures_of(page)["figures"]["distribution"]["data"]
    colours = bars["marker"]["color"]
    middle = len(colours) // 2
    assert colours == ["var(--loss)"] * middle + ["var(--muted)"] + ["var(--gain)"] * middle


def test_weekly_bars_are_not_called_days(make, tmp_path):
    stamps = np.arange("2015-01-02", "2020-01-02", 7, dtype="datetime64[D]")
    rows = [
        f"{day},{close},{close},{close},{close}"
        for day, close in zip(stamps, 100 + np.arange(len(stamps)) % 17, strict=True)
    ]
    (tmp_path / "weekly.csv").write_text("\n".join(["timestamp,open,high,low,close", *rows]))
    _, page = make(ONE + "data: {AAA: {path: weekly.csv}}\n", 0)
    assert "Sharpe, volatility of the last 63 bars, at each of them." in page


def test_a_failed_strategy_says_why(make, tmp_path):
    (tmp_path / "broken.py").write_text(BROKEN)
    _, page = make("strategy: broken.py:Broken\ncapital: 1000\n" + BARS.format(bars=30, frequency="1d"), 1)
    assert "&lt;b&gt;enough&lt;/b&gt;" in page
    assert '<span class="status failed">failed</span>' in page


def test_a_long_run_is_small_and_shows_its_extremes(make):
    run, page = make(ONE + BARS.format(bars=40_000, frequency="5min"), 0)
    equity = pq.read_table(run / "equity.parquet").to_pandas().portfolio.to_numpy() / 100_000
    deepest = (equity / np.maximum.accumulate(np.maximum(equity, 1.0)) - 1).min()
    figures = figures_of(page)
    growth, fall = drawn(figures, "equity", "portfolio"), drawn(figures, "equity", "portfolio", "y2")
    assert [growth.min(), growth.max()] == pytest.approx([equity.min(), equity.max()], rel=1e-6)
    assert [growth[0], growth[-1]] == pytest.approx([equity[0], equity[-1]], rel=1e-6)
    assert fall.min() == pytest.approx(deepest, rel=1e-5)
    assert 1000 < len(growth) <= 2700
    assert f"{len(growth):,} of 40,000 points shown" in page
    assert len(page.encode()) < pages.LARGEST


def test_a_page_that_would_be_too_large_has_less_detail(make, monkeypatch):
    run, page = make(ONE + BARS.format(bars=4_000, frequency="1h"), 0)
    monkeypatch.setattr(pages, "LARGEST", len(page.encode()) - 10_000)
    smaller = page_text(run.name, run.parent)
    assert len(smaller.encode()) < len(page.encode()) - 10_000
    assert sections(smaller) == sections(page)
    assert re.search(r"\b1,3\d\d of 4,000 points shown", smaller)
