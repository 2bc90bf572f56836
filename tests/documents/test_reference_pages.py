"""docs/reference names everything that its registries have: keys, reasons, metrics, events, columns, exit codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from orchestrate.analytics.exposure import FIGURES, Scope
from orchestrate.analytics.metrics import METRICS
from orchestrate.analytics.sweeps.document import FIGURES as STATISTICS
from orchestrate.config.schema import (
    CommissionSection,
    Configuration,
    Execution,
    InstrumentSection,
    Logging,
    Portfolio,
    Strategy,
    SweepSection,
    WalkForwardSection,
)
from orchestrate.domain import errors
from orchestrate.domain.instruments.instrument import ASSET_CLASSES
from orchestrate.domain.orders.order import Reason
from orchestrate.domain.sweeps import TrialStatus
from orchestrate.orchestration.risk.limits.registry import PORTFOLIO_LIMITS, STRATEGY_LIMITS
from orchestrate.orchestration.risk.sizing import SIZINGS
from orchestrate.reporting.schemas.sweep import sweep

PAGES = Path(__file__).parents[2] / "docs" / "reference"
SECTIONS = (
    *(Configuration, Strategy, Portfolio, Execution, CommissionSection, InstrumentSection, Logging),
    *(SweepSection, WalkForwardSection),
)


def words(page: str) -> set[str]:
    """Return all names that stand in code spans and tables of a page."""
    return set(re.findall(r"[\w.]+", (PAGES / page).read_text(encoding="utf-8")))


def keys(section: type[BaseModel]) -> Iterator[str]:
    return iter(section.model_fields)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_every_key_of_a_configuration_is_there(section: type[BaseModel]) -> None:
    assert set(keys(section)) - words("configuration.md") == set()


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("orders.md", [str(reason) for reason in Reason if reason]),
        ("results.md", [*FIGURES, *get_args(Scope)]),
        ("metrics.md", [*METRICS]),
        ("capital.md", [*ASSET_CLASSES, *SIZINGS]),
        ("limits.md", [*STRATEGY_LIMITS, *PORTFOLIO_LIMITS]),
        ("sweeps.md", [*STATISTICS, *sweep()["properties"], *TrialStatus]),
    ],
    ids=["reasons", "columns", "metrics", "classes and sizings", "limits", "sweeps"],
)
def test_every_name_of_a_registry_is_there(page: str, names: list[str]) -> None:
    assert set(names) - words(page) == set()


def test_every_exit_code_is_there() -> None:
    listed = re.findall(r"^\| ([\d, ]+) \|", (PAGES / "command-line.md").read_text(encoding="utf-8"), re.MULTILINE)
    codes = {int(code) for row in listed for code in row.split(",")}
    raised = {kind.exit_code for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "exit_code")}
    assert raised <= codes == {0, 1, 2, 3, 4, 5, 124, 130, 141}


def test_every_event_of_the_journal_is_there() -> None:
    sources = (Path(__file__).parents[2] / "orchestrate").rglob("*.py")
    pattern = re.compile(r'"((?:orchestrator\.\w+)|backtest_(?:started|completed|failed)|report_generated)"')
    events = {event for path in sources for event in pattern.findall(path.read_text(encoding="utf-8"))}
    assert len(events) >= 12
    assert events - words("journal.md") == set()


def test_every_page_is_in_the_index() -> None:
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    pages = {path.name for path in PAGES.glob("*.md")} - {"README.md"}
    assert {name for name in pages if f"]({name})" in index} == pages
