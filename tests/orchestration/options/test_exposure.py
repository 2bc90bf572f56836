"""Random structures: their exposure is what books and accounts say after each step, and adds up to the allocation."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from orchestrate.domain.orders.execution import ExecutionRules
from tests.analytics.exposures import figures_of, result_of_run
from tests.engines.conformance.in_memory import InMemoryAdapter
from tests.orchestration.harness import Part, prepare
from tests.orchestration.options.test_properties import random_market, script

MARGINS = ("margin_initial", "margin_maintenance")


def figures_and_accounts(seed: int):
    """The figures of a strategy with all structures at random, and what its account says, both by name."""
    numbers = np.random.default_rng(seed)
    market, engine = random_market(numbers), InMemoryAdapter()
    part = Part(script(seed, market), ("X", "XO"), 100, framework=engine.framework)
    capital = int(numbers.integers(4, 60)) * 1_000
    done = prepare({"a": part}, adapters={engine.framework: engine}, capital=capital)
    said, orchestrator = defaultdict(list), done.orchestrator
    orchestrator.begin(market, ExecutionRules())
    session, entry = orchestrator.session, orchestrator.strategies["a"]
    for event in orchestrator.clock():
        orchestrator.step(event)
        book, marks = entry.book, session.marks
        reserved = session.blotter.reserved("a")
        said["available"].append(entry.account.money_for_openings(book, reserved, marks))
        said["used"].append(book.used)
        said["reserved"].append(reserved)
        said["margin_initial"].append(book.equity(marks) - book.spendable(marks))
        said["allocated"].append(entry.account.allocated(book, marks))
        said["spendable"].append(book.spendable(marks))
    orchestrator.finish()
    orchestrator.end()
    return result_of_run(market, done), {name: np.array(values) for name, values in said.items()}


@pytest.mark.parametrize("seed", range(12))
def test_exposure_of_options_is_that_of_books_and_accounts(seed: int) -> None:
    result, said = figures_and_accounts(seed)
    own = figures_of(result, "strategy", "a")
    for name in ("available", "used", "reserved", "margin_initial"):
        assert getattr(own, name) == pytest.approx(said[name], abs=2e-6), name
    whole, framework = figures_of(result, "portfolio"), figures_of(result, "framework", "in_memory")
    for name in ("gross", "net", "used", *MARGINS):
        assert getattr(whole, name).tolist() == getattr(own, name).tolist() == getattr(framework, name).tolist()
    sums, room = own.used + own.reserved + own.available, said["spendable"] - said["reserved"]
    free = np.minimum(said["allocated"] - own.used, said["spendable"]) > said["reserved"]
    lost = np.maximum(said["allocated"] - own.used - said["spendable"], 0.0)  # what open losses take off
    assert sums[free] == pytest.approx((said["allocated"] - lost)[free], abs=2e-6)
    assert (own.available[~free] == 0.0).all()
    assert (own.available <= np.maximum(room, 0.0) + 2e-6).all()


def test_contracts_have_worth_of_their_own_but_no_margin() -> None:
    result, said = figures_and_accounts(3)
    contracts = [symbol for symbol in result.strategies["a"].holdings if symbol != "X"]
    assert len(contracts) > 1
    assert said["used"].any()
    for symbol in contracts:
        one = figures_of(result, "symbol", symbol)
        assert one.gross.any()
        assert not (one.used.any() or one.margin_initial.any() or one.margin_maintenance.any())
