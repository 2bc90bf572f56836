"""Sells that open fill at their limit or above: none may be for more than its margin at that price."""

from __future__ import annotations

import pytest

from orchestrate.domain.orders.execution import ExecutionRules, Slippage
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.wiring import build_adapter
from tests.engines.builders import market_of
from tests.engines.conformance.resting import Bar, bars
from tests.orchestration.harness import HarnessRun, Part, Scripted, run_harness

#: A limit and a stop-limit have no slippage, whatever the rules say.
SLIPS = ExecutionRules(slippage=Slippage(ticks=100))


@pytest.fixture(params=["backtrader", "nautilus"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def sold(engine: str, prices: list[Bar], *signals: Signal) -> HarnessRun:
    part = Part(Scripted({0: signals}), framework=engine)
    adapters = {engine: build_adapter(engine, {"feed": "on_demand"})}
    return run_harness(market_of(bars(prices)), {"s": part}, SLIPS, capital=1_000, adapters=adapters)


def test_a_limit_that_a_gap_jumps_is_cut_to_what_the_open_costs(engine: str) -> None:
    """100 at 10 would have used all of 1,000; the open at 15 leaves room for 66."""
    prices: list[Bar] = [(9.0, 9.5, 8.8, 9.0), (9.0, 9.5, 8.8, 9.0), (15.0, 15.5, 14.0, 15.0)]
    done = sold(engine, prices, Signal.enter("A", "short", 100, limit=10.0))
    assert done.fills() == [(-66.0, 15.0)]
    assert done.reasons("s")[-1] == ("resized", "open_gap", -66.0)


def test_a_limit_that_no_lot_is_left_of_is_refused(engine: str) -> None:
    prices: list[Bar] = [(9.0, 9.5, 8.8, 9.0), (9.0, 9.5, 8.8, 9.0), (1_500.0, 1_500.0, 14.0, 15.0)]
    done = sold(engine, prices, Signal.enter("A", "short", 100, limit=10.0))
    assert (done.fills(), done.reasons("s")[-1][:2]) == ([], ("rejected", "below_one_lot"))


def test_a_stop_limit_is_cut_to_what_its_stop_costs(engine: str) -> None:
    """Triggered at 9, where its limit of 8 lets it fill: 1,000 pays for 111 there, not for the 125 of the limit."""
    prices: list[Bar] = [(10.0, 10.5, 9.8, 10.0), (10.0, 10.0, 8.9, 9.0), (9.0, 9.0, 9.0, 9.0)]
    done = sold(engine, prices, Signal.enter("A", "short", 125, limit=8.0, stop=9.0))
    assert done.fills() == [(-111.0, 9.0)]
    assert done.reasons("s")[0] == ("resized", "capital", -111.0)
