"""Margin calls and ruin that a person can check, each with every bar visited and with jumps, and on both engines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest

from orchestrate.domain.events import AccountRuinedEvent, MarginCalledEvent
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.timeline import BarSeries
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.engines.backtrader.adapter import BacktraderOrchestrationAdapter
from orchestrate.engines.nautilus.adapter import NautilusOrchestrationAdapter
from orchestrate.orchestration.orders.ports import OrchestrationPort
from tests.engines.builders import market_of, series
from tests.engines.conformance.in_memory import InMemoryAdapter
from tests.orchestration.harness import AT_CLOSE, PLAIN, Flags, HarnessRun, Part, Scripted, fixed, run_harness

ENGINES = [InMemoryAdapter, BacktraderOrchestrationAdapter, NautilusOrchestrationAdapter]
ONE_EACH = ExecutionRules(commission=Commission(minimum=1.0), slippage=Slippage(ticks=100))


@pytest.fixture(params=[(engine, full) for engine in ENGINES for full in (False, True)], ids=str)
def run(request: pytest.FixtureRequest) -> Callable[..., HarnessRun]:
    """A run on one engine, with jumps or bar by bar."""
    engine, full = request.param

    def done(parts: Any, rules: ExecutionRules = PLAIN, *, instruments: Any, **prices: Any) -> HarnessRun:
        how = {name: prices.pop(name) for name in ("capital", "pooled") if name in prices}
        market = market_of(*[with_gaps(name, bars) for name, bars in prices.items()], **instruments)
        parts = {name: part if isinstance(part, Part) else Part(part) for name, part in parts.items()}
        for part in parts.values():
            part.framework = "engine"
        adapters: dict[str, OrchestrationPort] = {"engine": engine()}
        return run_harness(market, parts, rules, adapters=adapters, full=["engine"] if full else (), **how)

    return done


def with_gaps(symbol: str, bars: Sequence[tuple[float, float] | None]) -> BarSeries:
    """A series without bars where there is None."""
    there = [(day, bar) for day, bar in enumerate(bars) if bar is not None]
    return series(symbol, [bar for _, bar in there], days=[day for day, _ in there])


def calls(done: HarnessRun) -> list[tuple[Any, ...]]:
    return [
        (event.strategy_id, event.symbol, event.quantity, pytest.approx(event.equity), pytest.approx(event.required))
        for event in done.of(MarginCalledEvent)
    ]


def flat(*prices: float) -> list[tuple[float, float]]:
    """Bars that open and close at one price."""
    return [(price, price) for price in prices]


def test_a_future_through_a_margin_call(run: Callable[..., HarnessRun]) -> None:
    """50 contracts of 10 at 101 (slippage 1): margin 10 % = 5 050, of 10 000.

    A point costs 500. At 86 the equity is 10 000 − 1 − 15 × 500 = 2 499, maintenance 8 % of 43 000 = 3 440: a call.
    Sold at the next open, 85, less slippage: 84. 10 000 − 17 × 500 − 2 fees = 1 498.
    """
    future = Instrument("A", multiplier=10.0, margin_rate=0.1, asset_class="future")
    bars = flat(100.0, 100.0, 95.0, 90.0, 86.0, 85.0, 120.0)
    part = Part(Flags(long=[0]), sizing=fixed(50))
    done = run({"s": part}, ONE_EACH, instruments={"A": future}, A=bars, capital=10_000)
    assert done.fills() == [(50.0, 101.0), (-50.0, 84.0)]
    assert calls(done) == [("s", "A", 50.0, 2_499.0, 3_440.0)]
    assert done.results["s"].equity[-1] == pytest.approx(1_498.0)
    assert str(done.orchestrator.fills[-1].reason) == "margin_call"
    [finding] = done.orchestrator.session.portfolio.findings
    assert (finding.where, finding.count) == ("strategies.s", 1)
    assert finding.message.startswith("margin calls closed 1 of its positions, first at ")


@pytest.mark.parametrize(("price", "called"), [(25.0, False), (25.01, True)])
def test_equal_is_not_below(run: Callable[..., HarnessRun], price: float, called: bool) -> None:
    """Short 50 at 10: cash 1 500. At 25 the equity is 250, and 20 % of 1 250 are 250."""
    share = Instrument("A", maintenance_rate=0.2)
    part = Part(Flags(short=[0]), sizing=fixed(50))
    done = run({"s": part}, instruments={"A": share}, A=flat(10.0, 10.0, price, price, price), capital=1_000)
    assert bool(calls(done)) is called
    assert len(done.fills()) == 1 + called


def test_a_short_is_squeezed_and_nothing_opens_until_it_is_covered(run: Callable[..., HarnessRun]) -> None:
    """Short 50 at 10: cash 1 500. At 24 equity 300, required 360: a call, in place of the exit of that bar.

    B has bars throughout, A not at the two steps after the call: B is refused at both, and opens after the cover.
    """
    plan: dict[int, Sequence[Signal]] = {
        0: [Signal.enter("A", "short", 50)],
        2: [Signal.exit("A"), Signal.enter("B", quantity=1)],  # approved at the step of the call: both cancelled
        3: [Signal.enter("B", quantity=1)],
        4: [Signal.enter("B", quantity=1), Signal.exit("A")],
        5: [Signal.enter("B", quantity=1)],
    }
    share = Instrument("A")
    strategy = Scripted(plan)
    done = run(
        {"s": Part(strategy, symbols=("A", "B"))},
        instruments={"A": share},
        A=[(10.0, 10.0), (10.0, 10.0), (20.0, 24.0), None, None, (23.0, 22.0), (22.0, 22.0)],
        B=flat(*[5.0] * 7),
        capital=1_000,
    )
    assert calls(done) == [("s", "A", -50.0, 300.0, 360.0)]
    assert [fill.fill.symbol for fill in done.orchestrator.fills] == ["A", "A", "B"]
    assert done.fills() == [(-50.0, 10.0), (50.0, 23.0), (1.0, 5.0)]
    reasons = [reason for _, reason, _ in done.reasons("s") if reason]
    assert reasons == ["margin_call"] * 5  # B and the exit cancelled; the closing; B refused twice
    assert strategy.callbacks.count("margin_call") == 2


def test_the_largest_loser_goes_first_and_no_more_than_is_needed(run: Callable[..., HarnessRun]) -> None:
    """Two shorts of 20 at 10, own cash 1 000 + 400. At 30 and 20 the equity is 400, required 0.3 × 1 000 = 300.

    At 35 and 20: 300 and 330: A goes, and 0.3 × 400 = 120 is met.
    """
    plan = {0: [Signal.enter("A", "short", 20), Signal.enter("B", "short", 20)]}
    done = run(
        {"s": Part(Scripted(plan), symbols=("A", "B"))},
        instruments={},
        A=flat(10.0, 10.0, 30.0, 35.0, 35.0, 35.0),
        B=flat(10.0, 10.0, 20.0, 20.0, 20.0, 20.0),
        capital=1_000,
    )
    assert calls(done) == [("s", "A", -20.0, 300.0, 330.0)]
    assert done.fills()[2:] == [(20.0, 35.0)]


def test_ties_go_by_symbol(run: Callable[..., HarnessRun]) -> None:
    plan = {0: [Signal.enter("B", "short", 20), Signal.enter("A", "short", 20)]}
    prices = flat(10.0, 10.0, 27.0, 27.0)
    strategy = Part(Scripted(plan), symbols=("B", "A"))
    done = run({"s": strategy}, instruments={}, B=prices, A=prices, capital=1_000)
    assert calls(done) == [("s", "A", -20.0, 320.0, 324.0)]


def test_ties_on_one_account_go_by_strategy_before_symbol(run: Callable[..., HarnessRun]) -> None:
    """z holds A, a holds B, with the same loss of 340 each: a goes first, and that is enough."""
    parts = {
        "z": Part(Flags(short=[0]), sizing=fixed(20), symbols=("A",), pct=50),
        "a": Part(Flags(short=[0]), sizing=fixed(20), symbols=("B",), pct=50),
    }
    prices = flat(10.0, 10.0, 27.0, 27.0)
    done = run(parts, instruments={}, A=prices, B=prices, capital=1_000, pooled=True)
    assert calls(done) == [("a", "B", -20.0, 320.0, 324.0)]


def test_no_call_at_the_last_step_and_none_of_a_series_that_has_ended(run: Callable[..., HarnessRun]) -> None:
    part = Part(Flags(short=[0]), sizing=fixed(50))
    done = run({"s": part}, instruments={}, A=flat(10.0, 10.0, 25.0), B=flat(1.0, 1.0, 1.0, 1.0), capital=1_000)
    assert calls(done) == []
    assert done.results["s"].status == "completed"


def test_a_call_closes_at_the_next_open_where_orders_fill_at_the_close(run: Callable[..., HarnessRun]) -> None:
    """Short 50 at the close of 10. At 24 a call: covered at the next open, 28; an entry at that close is allowed."""
    bars = [(10.0, 10.0), (10.0, 24.0), (28.0, 31.0), (31.0, 31.0)]
    plan = {0: [Signal.enter("A", "short", 50)], 2: [Signal.enter("A", quantity=1)]}
    done = run({"s": Scripted(plan)}, AT_CLOSE, instruments={}, A=bars, capital=1_000)
    assert done.fills() == [(-50.0, 10.0), (50.0, 28.0), (1.0, 31.0)]


def test_ruin_is_final_whatever_the_closing_brings(run: Callable[..., HarnessRun]) -> None:
    """Long 50 of 10 at 100, with 10 000: a point costs 500. At 80 nothing is left; sold at 95 it has 7 500, for good.

    Its own exit of that step is replaced.
    """
    future = Instrument("A", multiplier=10.0, margin_rate=0.1, asset_class="future")
    strategy = Scripted({0: [Signal.enter("A", quantity=50)], 2: [Signal.exit("A")], 4: [Signal.enter("A")]})
    done = run(
        {"s": Part(strategy, pct=50), "t": Part(Flags(long=[0]), sizing=fixed(1), symbols=("B",), pct=50)},
        instruments={"A": future},
        A=flat(100.0, 100.0, 80.0, 95.0, 95.0, 95.0),
        B=flat(*[1.0] * 6),
        capital=20_000,
    )
    assert done.fills("s") == [(50.0, 100.0), (-50.0, 95.0)]
    assert [str(record.reason) for record in done.orchestrator.fills if record.fill.strategy_id == "s"] == [
        "",
        "ruined",
    ]
    assert (done.results["s"].status, done.results["t"].status) == ("ruined", "completed")
    assert done.results["s"].equity[-1] == pytest.approx(7_500.0)
    assert [(event.strategy_id, event.equity) for event in done.of(AccountRuinedEvent)] == [("s", 0.0)]
    assert strategy.calls == 3
    assert calls(done) == []


def test_a_common_account_is_called_and_ruined_as_a_whole(run: Callable[..., HarnessRun]) -> None:
    """1 000 in common, a short 30 and b long 30 of the same at 10 and 10: one book below zero is no ruin.

    A at 30 costs a 600: its book has −100, the account 400, required 0.3 × 900 = 270. At 35: 250 and 315, a call of A.
    It opens at 50: −150 below nothing: ruin, and the long of b is closed, too.
    """
    parts = {
        "a": Part(Flags(short=[0]), sizing=fixed(30), pct=50),
        "b": Part(Flags(long=[0]), sizing=fixed(30), symbols=("B",), pct=50),
    }
    done = run(
        parts,
        instruments={},
        A=flat(10.0, 10.0, 30.0, 35.0, 50.0, 50.0, 50.0),
        B=flat(*[10.0] * 7),
        capital=1_000,
        pooled=True,
    )
    assert calls(done) == [("a", "A", -30.0, 250.0, 315.0)]
    assert [(event.strategy_id, event.equity) for event in done.of(AccountRuinedEvent)] == [("", -200.0)]
    assert done.fills("a") == [(-30.0, 10.0), (30.0, 50.0)]
    assert done.fills("b") == [(30.0, 10.0), (-30.0, 10.0)]
    assert {result.status for result in done.results.values()} == {"ruined"}


def test_a_long_that_costs_all_it_has_is_no_ruin(run: Callable[..., HarnessRun]) -> None:
    part = Part(Flags(long=[0]), sizing=fixed(100))
    done = run({"s": part}, instruments={}, A=flat(10.0, 10.0, 0.01, 0.01), capital=Decimal(1_000))
    assert done.results["s"].status == "completed"
    assert done.of(AccountRuinedEvent) == []


def test_a_call_takes_back_entries_that_rest_and_leaves_stops(run: Callable[..., HarnessRun]) -> None:
    """Short 50 at 10 with a stop at 30; called at 24. B reaches the limit of its entry one bar later, too late."""
    plan = {
        0: [Signal.enter("A", "short", 50, stop_loss=30.0)],
        1: [Signal.enter("B", quantity=1, limit=4.0)],
    }
    done = run(
        {"s": Part(Scripted(plan), symbols=("A", "B"))},
        instruments={},
        A=flat(10.0, 10.0, 24.0, 23.0, 23.0),
        B=flat(5.0, 5.0, 5.0, 4.0, 4.0),
        capital=1_000,
    )
    assert calls(done) == [("s", "A", -50.0, 300.0, 360.0)]
    assert done.fills() == [(-50.0, 10.0), (50.0, 23.0)]
    assert [reason for _, reason, _ in done.reasons("s") if reason].count("margin_call") == 2
