"""Natives whose account is called for margin, ruined, or stopped with the portfolio, in their engine's words."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any, ClassVar

import backtrader as bt
import pytest

from orchestrate.domain.events import AccountRuinedEvent, MarginCalledEvent
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.portfolio import NO_LIMITS, Limits
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.risk.limits.losses import MaxPortfolioDrawdown
from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer, StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig
from orchestrate.wiring import build_adapter
from tests.engines.builders import market_of, series
from tests.natives.nautilus.scripts import Planned
from tests.natives.scripts_of_both import BacktraderScript, NautilusScript, Script, ScriptOrder, forget
from tests.orchestration.harness import AT_CLOSE, PLAIN, HarnessRun, Part, run_harness
from tests.orchestration.margin.plain_margin import Check
from tests.orchestration.margin.test_margin_properties import STEPS, a_market, some_rules

#: Bar → what a native does there, see `Shorter`.
Acts = dict[int, str]
MANY = int(os.environ.get("ORCHESTRATE_PORTFOLIOS", "25"))


class Shorter(bt.Strategy):  # type: ignore[misc]  # Backtrader has no types
    """Acts by the script, and notes its bars and what becomes of its orders."""

    params = (("script", ()),)
    bars: ClassVar[list[int]] = []
    notices: ClassVar[list[str]] = []

    def next(self) -> None:
        self.bars.append(len(self) - 1)
        said = dict(self.p.script).get(len(self) - 1, "")
        if said == "short":
            self.sell(size=50)
        elif said == "buy":
            self.buy(size=51)
        elif said == "limit":
            self.sell(size=1, exectype=bt.Order.Limit, price=90.0)
        elif said == "dear":
            self.sell(size=95, exectype=bt.Order.Limit, price=10.5)
        elif said == "below":
            self.sell(size=110, exectype=bt.Order.Limit, price=9.0)
        elif said == "bracket":
            self.buy_bracket(size=10, price=9.0, limitprice=12.0, stopprice=8.0)
        elif said == "stop":
            self.buy(size=95, exectype=bt.Order.Stop, price=10.5)

    def notify_order(self, order: bt.Order) -> None:
        self.notices.append(order.getstatusname())


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    for own in (Shorter.bars, Shorter.notices):
        own.clear()
    yield
    Planned.plans.clear()
    Planned.notices.clear()
    Planned.alive.clear()


def planned(script: Acts, seen: list[int]) -> dict[int, Callable[..., Any]]:
    """The same script for Nautilus; `seen` gets the bars at which it is called."""
    acts = {
        "": lambda _self: None,
        "short": lambda self: self.market(-50),
        "buy": lambda self: self.market(51),
        "limit": lambda self: self.limit(-1, 90.0),
        "dear": lambda self: self.limit(-95, 10.5),
        "below": lambda self: self.limit(-110, 9.0),
        "bracket": lambda self: self.bracket(10, 12.0, 8.0, 9.0),
        "stop": lambda self: self.stop_order(95, 10.5),
    }

    def act(bar: int) -> Callable[..., Any]:
        def call(self: Any, _bar: object) -> None:
            seen.append(bar)
            acts[script.get(bar, "")](self)

        return call

    return {bar: act(bar) for bar in range(12)}


def run(
    framework: str,
    script: Acts,
    prices: list[float],
    rules: ExecutionRules = PLAIN,
    portfolio_limits: Limits = NO_LIMITS,
) -> HarnessRun:
    events: list[Any] = []
    seen: list[int] = Shorter.bars
    Planned.plans["s"] = planned(script, seen)
    orchestrator = CrossFrameworkOrchestrator(
        PortfolioCapitalManager(Decimal(1_000)),
        StrategyCoordinator(limits=portfolio_limits),
        CompatibilityAnalyzer(),
        {framework: build_adapter(framework, {})},
        emit=events.append,
    )
    native, config = {
        "backtrader": (Shorter, {"script": tuple(script.items())}),
        "nautilus": (Planned, {"tag": "s"}),
    }[framework]
    metadata = StrategyMetadata("s", symbols=("A",))
    orchestrator.add_strategy(
        native, metadata, AllocationConfig(Decimal(100)), framework=framework, kind=framework, config=config
    )
    orchestrator.run(market_of(series("A", [(price, price) for price in prices])), rules)
    done = HarnessRun(orchestrator, events)
    assert done.results["s"].error is None
    return done


BOTH = pytest.mark.parametrize("framework", ["backtrader", "nautilus"])
RULES = pytest.mark.parametrize("rules", [PLAIN, AT_CLOSE], ids=["open", "close"])


@BOTH
@RULES
def test_a_native_is_called_and_covered_at_the_next_open(framework: str, rules: ExecutionRules) -> None:
    """Short 50 at 10: cash 1 500. At 24 equity 300, required 360; its resting order is taken back."""
    done = run(framework, {0: "short", 1: "limit"}, [10.0, 10.0, 10.0, 24.0, 23.0, 23.0], rules)
    assert [(event.quantity, event.equity) for event in done.of(MarginCalledEvent)] == [(-50.0, pytest.approx(300.0))]
    assert done.fills() == [(-50.0, 10.0), (50.0, 23.0)]
    assert ("rejected", "margin_call", 0.0) in done.reasons("s")
    assert done.results["s"].status == "completed"
    assert "Canceled" in Shorter.notices if framework == "backtrader" else "Canceled" in Planned.notices["s"]
    assert Shorter.bars == [*range(6)]


@BOTH
@RULES
def test_a_ruined_native_is_closed_and_called_no_more(framework: str, rules: ExecutionRules) -> None:
    """At 40 it has −500; covered at 20 it has 500, and asks for nothing any more."""
    done = run(framework, {0: "short", 3: "buy", 4: "buy", 5: "buy"}, [10.0, 10.0, 10.0, 40.0, 20.0, 20.0, 20.0], rules)
    assert [event.equity for event in done.of(AccountRuinedEvent)] == [pytest.approx(-500.0)]
    assert done.fills()[0] == (-50.0, 10.0)
    if rules is PLAIN:
        assert done.fills()[1:] == [(50.0, 20.0)]
        assert done.results["s"].equity[-1] == pytest.approx(500.0)
    assert done.results["s"].status == "ruined"
    assert Shorter.bars == [0, 1, 2, 3]


@BOTH
def test_a_stop_of_the_portfolio_ends_a_natives_calls(framework: str) -> None:
    """At 15 it has 750 of 1,000; covered at 11 the drawdown is below its bound, and still it opens nothing."""
    script = {0: "short", 4: "buy", 5: "buy"}
    limits = {"max_drawdown": MaxPortfolioDrawdown(0.2, "stop")}
    done = run(framework, script, [10.0, 10.0, 10.0, 15.0, 11.0, 11.0, 11.0], PLAIN, limits)
    assert done.fills() == [(-50.0, 10.0), (50.0, 11.0)]
    assert Shorter.bars == [0, 1, 2, 3]
    stop = done.orchestrator.session.portfolio.stopped
    assert stop is not None
    assert (stop.figure, stop.bound) == (pytest.approx(0.25), 0.2)
    assert done.results["s"].status == "completed"


# ---- what rests and is jumped


@BOTH
@RULES
@pytest.mark.parametrize("act", ["dear", "stop"])
def test_an_opening_that_a_gap_makes_too_dear_is_ended(framework: str, rules: ExecutionRules, act: str) -> None:
    """95 at 10.5 are held for it; the open at 20 would take 1,900 of 1,000. Its engine would fill it whole."""
    done = run(framework, {0: act}, [10.0, 10.0, 20.0, 20.0, 20.0], rules)
    assert done.fills() == []
    outcome, reason, left = done.reasons("s")[-1]
    assert (outcome, reason, left) == ("rejected", "open_gap", 0.0)
    assert "Canceled" in Shorter.notices if framework == "backtrader" else "Canceled" in Planned.notices["s"]


@BOTH
@pytest.mark.parametrize("act", ["dear", "stop"])
def test_one_that_can_be_paid_fills_where_the_gap_ends(framework: str, act: str) -> None:
    done = run(framework, {0: act}, [10.0, 10.0, 10.52, 10.52])
    assert done.fills() == [(-95.0 if act == "dear" else 95.0, 10.52)]


@BOTH
@RULES
def test_the_exits_of_a_bracket_wait_for_its_entry(framework: str, rules: ExecutionRules) -> None:
    """Short 50, the cover of 10 waits at 9. At 17 nothing could pay for its target of 12, which does not act yet."""
    done = run(framework, {0: "short", 2: "bracket"}, [10.0, 10.0, 10.0, 10.0, 17.0, 17.0, 9.0, 9.0], rules)
    assert done.fills()[:2] == [(-50.0, 10.0), (10.0, 9.0)]
    assert not {"open_gap", "below_one_lot"} & {reason for _, reason, _ in done.reasons("s")}


@BOTH
@RULES
def test_a_limit_that_fills_at_its_release_is_cut_to_what_it_costs_there(framework: str, rules: ExecutionRules) -> None:
    """110 at 9 cost 990 of 1,000, at the 10 where they fill 1,100."""
    done = run(framework, {0: "below"}, [10.0, 10.0, 10.0], rules)
    assert done.fills() == [(-100.0, 10.0)]
    assert done.reasons("s")[-1] == ("resized", "open_gap", -100.0)


def scripted(framework: str, script: Script, prices: list[float | tuple[float, float]]) -> HarnessRun:
    """Run a script on 1,000 of capital; a bar is one price, or its open and close."""
    NautilusScript.script = script
    own = type("Own", (BacktraderScript,), {"params": (("script", tuple(script.items())),)})
    strategy = {"backtrader": own, "nautilus": NautilusScript}[framework]
    market = market_of(series("A", [bar if isinstance(bar, tuple) else (bar, bar) for bar in prices]))
    part = Part(strategy, ("A",), framework=framework, kind=framework)
    done = run_harness(market, {"s": part}, capital=1_000, adapters={framework: build_adapter(framework, {})})
    forget()
    assert done.results["s"].error is None
    return done


@BOTH
def test_an_exit_sells_no_more_than_its_entry_got(framework: str) -> None:
    """90 are held; 500 more and their sale are sent at once. 10 more can be paid, so 100 are sold, not 500."""
    script: Script = {0: [(90.0, None)], 2: [(500.0, None), (-500.0, 5.0)]}
    done = scripted(framework, script, [10.0] * 6)
    assert done.fills() == [(90.0, 10.0), (10.0, 10.0), (-100.0, 10.0)]


@BOTH
def test_money_of_an_order_that_turns_is_not_there_for_another(framework: str) -> None:
    """40 are held. A sale of 100 at 12 leaves 360 of 1,080, which doesn't pay for another 40 at 12.

    To Backtrader the latter is an exit, which finds nothing to close.
    """
    script: Script = {0: [(40.0, None)], 1: [(-100.0, 12.0)], 2: [(-40.0, 12.0)]}
    done = scripted(framework, script, [10.0, 10.0, 10.0, 10.0, 12.0, 12.0])
    assert done.fills() == [(40.0, 10.0), (-100.0, 12.0)]
    reason = {"backtrader": "nothing_to_close", "nautilus": "open_gap"}[framework]
    assert done.reasons("s")[-1] == ("rejected", reason, 0.0)


@BOTH
def test_an_order_that_turns_has_what_its_close_brings_where_it_fills(framework: str) -> None:
    """50 are held from 10. At its stop of 9 their sale leaves 950, which pays for a short of 105, not of 110."""
    for more, fills in ((105.0, [(50.0, 10.0), (-155.0, 9.0)]), (110.0, [(50.0, 10.0)])):
        script: Script = {0: [(50.0, None)], 1: [(-50.0 - more, None, 9.0)]}
        done = scripted(framework, script, [10.0, 10.0, 10.0, (10.0, 9.0), 9.0])
        assert done.fills() == fills


# ---- random portfolios: ORCHESTRATE_PORTFOLIOS=1000 takes more


def wild(chance: Random, multiplier: float) -> Script:
    """Market orders to both sides, turns among them, for a third to nine times of 30,000 at a price of 50."""
    units = [int(30_000 * part / (50 * multiplier)) for part in (0.3, 0.9, 3, 9)]
    bars = [bar for bar in range(STEPS) if chance.random() < 0.25]
    return {bar: [(float(chance.choice([1, -1]) * chance.choice(units)), None)] for bar in bars}


def crowded(chance: Random, multiplier: float) -> Script:
    """One or two orders a bar for as much, half of them at a limit up to a fifth away."""
    units = [int(30_000 * part / (50 * multiplier)) for part in (0.3, 0.9, 3, 9)]
    script: dict[int, list[tuple[float, float | None]]] = {}
    for bar in range(STEPS):
        if chance.random() < 0.3:
            script[bar] = [
                (
                    float(chance.choice([1, -1]) * chance.choice(units)),
                    chance.choice([None, round(50 * chance.uniform(0.8, 1.2), 2)]),
                )
                for _ in range(chance.choice([1, 1, 2]))
            ]
    return script


def various(chance: Random, multiplier: float) -> Script:
    """Up to three orders a bar: at the market, at limits and at stops up to a tenth away, for as much."""
    units = [int(30_000 * part / (50 * multiplier)) for part in (0.3, 0.9, 3, 9)]
    script: dict[int, list[ScriptOrder]] = {}
    for bar in range(STEPS):
        for _ in range(chance.choice([0, 0, 1, 2, 3])):
            quantity, price = chance.choice([1.0, -1.0]) * chance.choice(units), round(50 * chance.uniform(0.9, 1.1), 2)
            kinds: list[ScriptOrder] = [(quantity, None), (quantity, price), (quantity, None, price)]
            script.setdefault(bar, []).append(chance.choice(kinds))
    return script


def natives_of_both(
    seed: int, wild: Callable[[Random, float], Script] = wild, **changes: Any
) -> tuple[Check, HarnessRun]:
    """Run a native of each engine, on accounts of their own or on one, and what checks it."""
    chance = Random(seed)
    market, rules, pooled = a_market(chance, foreign=True), some_rules(chance), chance.random() < 0.5
    rules = replace(rules, **changes)
    symbols = [symbol for symbol in market.series if symbol != "R"]
    first, second = chance.choice(symbols), chance.choice(symbols)
    script = tuple(wild(chance, market.instruments[first].multiplier).items())
    own = type("Own", (BacktraderScript,), {"params": (("script", script),)})
    NautilusScript.script = wild(chance, market.instruments[second].multiplier)
    parts = {
        "b": Part(own, (first,), 30, framework="backtrader", kind="backtrader"),
        "n": Part(NautilusScript, (second,), 30, framework="nautilus", kind="nautilus"),
    }
    adapters = {name: build_adapter(name, {}) for name in ("backtrader", "nautilus")}
    done = run_harness(market, parts, rules, pooled=pooled, capital=100_000, adapters=adapters)
    forget()
    return Check(market, rules, done, pooled=pooled), done


def test_no_native_stays_below_maintenance_and_none_opens_beyond_its_margin() -> None:
    found = 0
    for seed in range(MANY):
        check, done = natives_of_both(seed)
        assert not any(result.error for result in done.results.values()), seed
        found += check.run_through()
    assert found


@pytest.mark.parametrize("seed", [1, 54, 68, 107, 144, 152, 165, 184])
def test_orders_of_one_bar_do_not_spend_money_twice(seed: int) -> None:
    """Each of these portfolios once opened what its margin did not pay for."""
    check, done = natives_of_both(seed, crowded, fill="next_open")
    assert not any(result.error for result in done.results.values())
    assert len(done.orchestrator.fills) > 5
    check.run_through()


@pytest.mark.parametrize("seed", [*range(15), 47, 170, 188, 197, 231, 353])
def test_orders_of_all_kinds_are_paid_for_where_they_fill(seed: int) -> None:
    """Under both fill rules; from 47 on, portfolios that once opened what nothing paid for, or seemed to."""
    check, done = natives_of_both(seed, various)
    assert not any(result.error for result in done.results.values())
    assert done.orchestrator.session.log.decisions
    check.run_through()


@pytest.mark.slow
@pytest.mark.parametrize("script", [crowded, various])
def test_orders_of_many_portfolios_are_paid_for(script: Callable[[Random, float], Script]) -> None:
    for seed in range(max(MANY, 200)):
        check, done = natives_of_both(seed, script)
        assert not any(result.error for result in done.results.values()), seed
        check.run_through()
