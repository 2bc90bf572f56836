"""Stored runs of random portfolios, and what the verification knows of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from orchestrate.data.loading import load_market
from orchestrate.runs.plans import plan_of
from orchestrate.runs.reading import read_run
from orchestrate.usecases.audit.verify import TABLES
from orchestrate.usecases.audit.verify import facts_of as run_facts
from orchestrate.usecases.backtest import Request, backtest
from orchestrate.verification.facts import Run
from tests.verification.portfolios import STRATEGIES, portfolio
from tests.verification.sums import sums_of_floats


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the strategies, in which everything runs."""
    path = tmp_path_factory.mktemp("verification")
    (path / "own.py").write_text(STRATEGIES)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        yield path


@pytest.fixture(scope="module")
def sums() -> list[str]:
    """The places at which the portfolios that have been run so far left floats to `sum`."""
    return []


@pytest.fixture(scope="module")
def facts_of(folder: Path, sums: list[str]) -> Callable[[str], Run]:
    """Run a portfolio; return what is known of its run."""

    def known(text: str) -> Run:
        (folder / "portfolio.yaml").write_text(text)
        with sums_of_floats() as places:
            done = backtest(Request("portfolio.yaml", lookahead=False))
        sums.extend(places)
        assert done.folder is not None, done.error
        run = read_run(Path("reports"), done.folder.name, [f"{name}.parquet" for name in TABLES])
        plan = plan_of(run)
        return run_facts(run, plan, load_market(plan)[0])

    return known


@pytest.fixture(scope="module")
def facts_of_portfolio(facts_of: Callable[[str], Run]) -> Callable[[int], Run]:
    """Run the portfolio of a seed; return what is known of its run."""
    return cache(lambda seed: facts_of(portfolio(seed)))
