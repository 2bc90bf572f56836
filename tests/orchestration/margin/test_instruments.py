"""Asset classes: lots, margin, and what is not traded; on every engine."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.plan import Sizing
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.engines.backtrader.adapter import BacktraderOrchestrationAdapter
from orchestrate.engines.nautilus.adapter import NautilusOrchestrationAdapter
from orchestrate.orchestration.orders.ports import OrchestrationPort
from tests.engines.builders import market_of, series
from tests.engines.conformance.in_memory import InMemoryAdapter
from tests.orchestration.harness import Flags, HarnessRun, Part, Scripted, run_harness

FLAT = [(10.0, 10.0)] * 4
ENGINES = [InMemoryAdapter, BacktraderOrchestrationAdapter, NautilusOrchestrationAdapter]


def run(engine: type[OrchestrationPort], instrument: Instrument, *, short: bool = False, pct: str = "95") -> HarnessRun:
    """One entry at the second bar, with 1 000 of capital at a price of 10."""
    flags = Flags(short=[0]) if short else Flags(long=[0])
    part = Part(flags, sizing=Sizing("percent", Decimal(pct)), framework="engine")
    market = market_of(series("A", FLAT), A=instrument)
    return run_harness(market, {"s": part}, ExecutionRules(), capital=1_000, adapters={"engine": engine()})


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("lot", "quantity"), [(0.0, 95.0), (0.25, 95.0), (100.0, 0.0), (10.0, 90.0), (0.7, 94.5)])
def test_an_entry_has_lots_of_its_instrument(engine: type[OrchestrationPort], lot: float, quantity: float) -> None:
    done = run(engine, Instrument("A", lot=lot))
    assert [filled for filled, _ in done.fills()] == ([quantity] if quantity else [])
    assert done.reasons("s")[-1][1] == ("" if quantity else "below_one_lot")


def test_an_index_is_read_only() -> None:
    done = run(InMemoryAdapter, Instrument("A", asset_class="index"))
    assert done.reasons("s") == [("rejected", "not_tradable", 0.0)]


def test_a_long_of_a_cash_class_pays_its_notional() -> None:
    """95 % are 950 of 1 000, whatever margin a short of it would hold: 500 for a short of 2 × 500."""
    share = Instrument("A", margin_rate=0.5)
    assert run(InMemoryAdapter, share, pct="200").fills() == [(100.0, 10.0)]
    assert run(InMemoryAdapter, share, pct="250", short=True).fills() == [(-200.0, 10.0)]


def test_a_future_holds_margin_on_both_sides() -> None:
    future = Instrument("A", margin_rate=0.1, multiplier=5.0, asset_class="future")
    assert run(InMemoryAdapter, future, pct="2000").fills() == [(200.0, 10.0)]
    assert run(InMemoryAdapter, future, pct="2000", short=True).fills() == [(-200.0, 10.0)]


def test_targets_have_lots_of_their_instrument() -> None:
    """In lots of 5, 17 are 15, and the way from 15 to 27 is 10."""
    steps = {0: [Signal.target("A", quantity=17)], 1: [Signal.target("A", quantity=27)]}
    market = market_of(series("A", FLAT), A=Instrument("A", lot=5.0))
    done = run_harness(market, {"s": Part(Scripted(steps))}, capital=1_000)
    assert done.fills() == [(15.0, 10.0), (10.0, 10.0)]
