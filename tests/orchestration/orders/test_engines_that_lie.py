"""Books and engines must agree after every fill; an engine that lies, doubles or forgets stops the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.domain.accounts import allocation
from orchestrate.domain.errors import EngineError, ReconciliationError
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.orders.order import Fill, StrategyCommand
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.orchestration.orders.ports import EngineReport, FrameworkPortfolioState, OrchestrationPort
from orchestrate.orchestration.orders.reconciliation import reconcile
from orchestrate.wiring import build_adapter
from tests.engines.builders import market_of, series
from tests.engines.conformance.in_memory import InMemoryAdapter
from tests.orchestration.harness import AT_CLOSE, PLAIN, Flags, HarnessRun, Part, Scripted, fixed, prepare, run_harness
from tests.whole_runs import whole_runs

BARS = [(10.0, 10.0)] * 6


class Lying(InMemoryAdapter):
    """Changes what it says by the functions it is given."""

    def __init__(self, *, state: Any = None, fills: Any = None, commands: Any = None) -> None:
        super().__init__()
        self.change_state, self.change_fills, self.change_commands = state, fills, commands
        self.ended = 0

    def get_portfolio_state(self) -> FrameworkPortfolioState:
        said = super().get_portfolio_state()
        return self.change_state(said) if self.change_state else said

    def advance(self, t: int, rows: Mapping[str, int]) -> EngineReport:
        fills = super().advance(t, rows).fills
        return EngineReport(self.change_fills(fills) if self.change_fills else fills)

    def execute_commands(self, commands: Sequence[StrategyCommand]) -> None:
        super().execute_commands(self.change_commands(commands) if self.change_commands else commands)

    def end(self) -> None:
        self.ended += 1
        super().end()


def run_on(engine: OrchestrationPort) -> HarnessRun:
    parts = {"s": Part(Flags(long=[1], out=[3]), sizing=fixed(7)), "t": Part(Scripted({}), pct=0)}
    return run_harness(market_of(series("A", BARS)), parts, adapters={"in_memory": engine})


def test_an_honest_engine_is_believed() -> None:
    assert run_on(Lying()).fills() == [(7.0, 10.0), (-7.0, 10.0)]


def more_of_a(said: FrameworkPortfolioState) -> FrameworkPortfolioState:
    return replace(said, quantities={"A": said.quantities.get("A", 0.0) + 1})


@pytest.mark.parametrize(
    ("lie", "message"),
    [
        (more_of_a, r"in_memory holds 8 of A, the books of its strategies hold 7 \(step 2, t=\d+\)"),
        (lambda said: replace(said, quantities={}), "in_memory holds 0 of A, the books of its strategies hold 7"),
        (lambda said: replace(said, quantities={**said.quantities, "Z": 3.0}), "holds 3 of Z, the books .* hold 0"),
        (lambda said: replace(said, quantities={"A": 7.00001}), "holds 7.00001 of A"),
        (
            lambda said: replace(said, realised=0.01),
            "in_memory has realised 0.01000000 net of fees, the books of its strategies 0.00000000",
        ),
        (lambda said: replace(said, realised=-2e-6), "has realised -0.00000200"),
    ],
)
def test_an_engine_that_lies_about_its_state_stops_the_run(lie: Any, message: str) -> None:
    engine = Lying(state=lie)
    with pytest.raises(ReconciliationError, match=message):
        run_on(engine)
    assert engine.ended == 1


@pytest.mark.parametrize(
    ("lie", "message"),
    [
        (lambda fills: (), "in_memory holds 7 of A, the books of its strategies hold 0"),
        (
            lambda fills: [replace(fill, order_id="x") for fill in fills],
            "a fill of order 'x', which it does not have",
        ),
        (lambda fills: [replace(fill, quantity=6.0) for fill in fills], "an engine fills .* where s-1 was 7 of A"),
        (lambda fills: [replace(fill, strategy_id="t") for fill in fills], "an engine fills .*'t'"),
        (lambda fills: [replace(fill, symbol="B") for fill in fills], "an engine fills .*'B'"),
    ],
)
def test_an_engine_that_fills_another_quantity_stops_the_run(lie: Any, message: str) -> None:
    with pytest.raises(EngineError, match=message):
        run_on(Lying(fills=lie))


def test_a_fill_that_is_reported_twice_changes_nothing() -> None:
    assert run_on(Lying(fills=lambda fills: fills * 2)).fills() == run_on(Lying()).fills()


def test_an_engine_whose_own_price_differs_from_its_fill() -> None:
    """The fill says 10.5, its own account was booked at 10: profit realised differs at the exit."""
    with pytest.raises(ReconciliationError, match="realised"):
        run_on(
            Lying(fills=lambda fills: [replace(fill, price=fill.price + 0.5 * (fill.quantity > 0)) for fill in fills])
        )


def test_an_engine_that_forgets_orders() -> None:
    with pytest.raises(EngineError, match="s-1: handed to the engine and not filled"):
        run_on(Lying(commands=lambda commands: []))


class Refusing(Lying):
    """Will not begin."""

    framework = "refusing"

    def begin(self, market: Market, accounts: Any, rules: Any) -> None:
        raise EngineError("not today")


def test_engines_are_ended_when_one_refuses_to_begin() -> None:
    willing, refusing = Lying(), Refusing()
    parts = {"a": Part(Scripted({}), pct=50), "b": Part(Scripted({}), pct=50, framework="refusing")}
    with pytest.raises(EngineError, match="not today"):
        run_harness(market_of(series("A", BARS)), parts, adapters={"in_memory": willing, "refusing": refusing})
    assert willing.ended >= 1


class Breaking(Lying):
    """Breaks on its way out."""

    def end(self) -> None:
        super().end()
        raise RuntimeError("stuck")


def test_every_engine_is_ended_also_after_one_has_broken() -> None:
    broken, other = Breaking(), Lying()
    other.framework = "other"
    parts = {"a": Part(Scripted({}), pct=50), "b": Part(Scripted({}), pct=50, framework="other")}
    with pytest.raises(RuntimeError, match="stuck"):
        run_harness(market_of(series("A", BARS)), parts, adapters={"in_memory": broken, "other": other})
    assert (broken.ended, other.ended) == (1, 1)


def test_engines_without_a_strategy_are_left_alone() -> None:
    idle = Refusing()
    done = run_harness(
        market_of(series("A", BARS)), {"a": Part(Scripted({}))}, adapters={"in_memory": Lying(), "refusing": idle}
    )
    assert done.orchestrator.framework_strategies == {"in_memory": ["a"], "refusing": []}
    assert idle.ended == 0


@whole_runs(20)
@given(
    seed=st.integers(0, 10_000),
    commission=st.sampled_from([Commission(), Commission(percent=0.1), Commission(per_share=0.005, minimum=1.0)]),
    slippage=st.sampled_from([Slippage(), Slippage(ticks=1), Slippage(percent=0.1)]),
    fill=st.sampled_from(["next_open", "close"]),
    lots=st.sampled_from(["integer", "fractional"]),
)
def test_books_and_engine_agree_after_every_step_of_any_run(
    seed: int, commission: Commission, slippage: Slippage, fill: Any, lots: Any
) -> None:
    """Random prices, gaps and wishes of three strategies on two symbols; nothing is ever overspent."""
    dice = np.random.default_rng(seed)
    market = market_of(
        series("A", np.round(5 + 100 * dice.random((30, 2)), 2).tolist()),
        series("B", np.round(5 + 100 * dice.random((18, 2)), 2).tolist(), days=sorted(dice.choice(30, 18, False))),
    )

    def wish(context: Any) -> list[Signal]:
        said = []
        for symbol in context.symbols:
            roll = dice.random()
            if roll < 0.3:
                said.append(Signal.exit(symbol))
            if roll < 0.15 or roll > 0.6:
                said.append(Signal.enter(symbol, "long" if dice.random() < 0.6 else "short"))
        return said

    rules = ExecutionRules(fill=fill, commission=commission, slippage=slippage, lots=lots)
    strategies = {name: Part(Scripted(dict.fromkeys(range(40), wish)), ("A", "B"), pct=30) for name in "abc"}
    harness_run = prepare(strategies, full=["in_memory"])
    orchestrator = harness_run.orchestrator
    orchestrator.begin(market, rules)
    for event in orchestrator.clock():
        orchestrator.step(event)
        books = [entry.book for entry in orchestrator.strategies.values()]
        reconcile(orchestrator.adapters["in_memory"].get_portfolio_state(), books, "now")
        for entry in orchestrator.strategies.values():
            reserved = orchestrator.session.blotter.reserved(entry.id)
            now = allocation(entry.account, entry.book, reserved, orchestrator.session.marks)
            assert now.available_capital >= 0
            if entry.book.fills and entry.book.fills[-1].t == event.t and not entry.book.trades:
                assert float(now.used_capital) <= float(now.allocated_capital) + 1e-6
    orchestrator.finish()
    orchestrator.end()
    assert any(entry.book.fills for entry in orchestrator.strategies.values())
    assert not orchestrator.session.blotter.waiting


@pytest.mark.parametrize("engine", ["backtrader", "nautilus"])
def test_a_sum_of_very_large_fractions_loses_its_last_digits(engine: str) -> None:
    """Of 5e9 units a float keeps no millionths: each in and out of `big` may move the sum that `small` is part of."""
    sizes = [4_483_559_839.223226, 5_330_780_741.440516, 6_885_937_630.333074]
    swings = {2 * n: [Signal.enter("A", quantity=size)] for n, size in enumerate(sizes, 1)}
    exits = {call: [Signal.exit("A")] for call in (3, 5, 7)}
    parts = {
        "small": Part(Scripted({0: [Signal.enter("A", quantity=175_675.746194)]}), pct=1, framework=engine),
        "big": Part(Scripted(swings | exits), pct=90, framework=engine),
    }
    market, rules = market_of(series("A", [(10.0, 10.0)] * 10)), ExecutionRules(lots="fractional")
    adapters = {engine: build_adapter(engine, {"feed": "on_demand"})}
    done = run_harness(market, parts, rules, capital=10**12, adapters=adapters)
    books = [entry.book for entry in done.orchestrator.strategies.values()]
    assert [book.quantity("A") for book in books] == [175_675.746194, 0.0]
    with pytest.raises(ReconciliationError, match=r"holds 175675.756194 of A, .* hold 175675.746194 \(now\)"):
        reconcile(FrameworkPortfolioState(engine, {"A": 175_675.756194}, 0.0), books, "now")


@pytest.mark.parametrize("rules", [PLAIN, AT_CLOSE])
def test_a_fill_is_reported_with_the_label_of_its_bar(rules: ExecutionRules) -> None:
    market = market_of(series("A", BARS))
    done = run_harness(market, {"s": Part(Flags(long=[1]), sizing=fixed(7))}, rules)
    [record] = done.orchestrator.fills
    assert isinstance(record.fill, Fill)
    assert record.t == record.fill.t == market.series["A"].timestamp[2 if rules is PLAIN else 1]
    assert (record.framework, record.closing) == ("in_memory", False)
