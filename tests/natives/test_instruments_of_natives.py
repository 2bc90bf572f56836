"""Natives on instruments in another currency, on shorts that cost, on futures that expire: golden runs.

R is the rate, the worth of one unit of A's currency. It counts by its closes; its opens are far off on purpose. A
margined position of a Backtrader native has its margin out of the cash since the entry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

import backtrader as bt
import pytest

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer, StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig
from orchestrate.wiring import build_adapter
from tests.engines.builders import market_of, series
from tests.natives.scripts_of_both import BacktraderScript, NautilusScript, Script, forget, native, seen
from tests.orchestration.harness import AT_CLOSE, PLAIN, HarnessRun

SHARE = Instrument("A", currency="EUR", fx="R")
PAIR = Instrument("A", currency="EUR", fx="R", asset_class="fx", margin_rate=0.1, multiplier=10.0)
COSTLY = Instrument("A", borrow=0.365)
FUTURE = Instrument("A", multiplier=10.0, margin_rate=0.1, asset_class="future")
RATE = [(9.0, 1.1), (9.0, 1.2), (9.0, 1.25), (9.0, 1.3), (9.0, 1.5)]
BARS = {"A": [10.0, (10.0, 11.0), 12.0, 13.0, 13.0], "R": RATE}
FEES = ExecutionRules(commission=Commission(percent=1.0, minimum=1.2))

BOTH = pytest.mark.parametrize("framework", ["backtrader", "nautilus"])


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    forget()
    yield
    forget()


def run(
    framework: str,
    script: Script,
    bars: Mapping[str, Sequence[tuple[float, float] | float | None]],
    instrument: Instrument,
    rules: ExecutionRules = PLAIN,
    *,
    capital: int = 1_000,
    symbols: tuple[str, ...] = ("A",),
    strategy: type | None = None,
    **market: Any,
) -> HarnessRun:
    """A run of one native that acts by the script."""
    columns = {name: [(bar, bar) if isinstance(bar, float) else bar for bar in own] for name, own in bars.items()}
    days = {name: [day for day, bar in enumerate(own) if bar is not None] for name, own in columns.items()}
    made = [series(name, [bar for bar in own if bar], days=days[name]) for name, own in columns.items()]
    events: list[Any] = []
    orchestrator = CrossFrameworkOrchestrator(
        PortfolioCapitalManager(Decimal(capital)),
        StrategyCoordinator(),
        CompatibilityAnalyzer(),
        {framework: build_adapter(framework, {})},
        emit=events.append,
    )
    scripted, config = native(framework, script)
    orchestrator.add_strategy(
        strategy or scripted,
        StrategyMetadata("s", symbols=symbols),
        AllocationConfig(Decimal(100)),
        framework=framework,
        kind=framework,  # type: ignore[arg-type]  # one of both
        config={} if strategy else config,
    )
    orchestrator.run(replace(market_of(*made, A=instrument), **market), rules)
    done = HarnessRun(orchestrator, events)
    assert (done.results["s"].error is None) is (strategy is None)
    return done


@BOTH
def test_a_share_in_another_currency(framework: str) -> None:
    """10 at 10 × 1.1 = 110; at the closes 11 × 1.2, 12 × 1.25; sold at 13 × 1.25 = 162.5: the currency's move too."""
    done = run(framework, {0: [(10, None)], 2: [(-10, None)]}, BARS, SHARE)
    assert done.fills() == [(10.0, 10.0), (-10.0, 13.0)]
    assert [record.fill.rate for record in done.orchestrator.fills] == [1.1, 1.25]
    values = [1_000, 1_022, 1_040, 1_052.5, 1_052.5]
    assert done.results["s"].equity.tolist() == pytest.approx(values)
    assert [value for _, value in seen(framework)] == pytest.approx(values)
    assert [cash for cash, _ in seen(framework)] == pytest.approx([1_000, 890, 890, 1_052.5, 1_052.5])
    assert [trade.profit for trade in done.results["s"].trades] == [pytest.approx(52.5)]
    assert BacktraderScript.profits == ([pytest.approx(52.5)] if framework == "backtrader" else [])


@BOTH
def test_a_short_of_such_a_share(framework: str) -> None:
    """110 come in; the debt is 11 × 1.2, 12 × 1.25; covered at 13 × 1.25."""
    done = run(framework, {0: [(-10, None)], 2: [(10, None)]}, BARS, SHARE)
    values = [1_000, 978, 960, 947.5, 947.5]
    assert done.results["s"].equity.tolist() == pytest.approx(values)
    assert [value for _, value in seen(framework)] == pytest.approx(values)


@BOTH
def test_a_margined_pair_converts_its_profit_at_the_closing_fill(framework: str) -> None:
    """10 of 10 each at 10: a point is 100 of its currency. (13 − 10) × 100 × 1.25 = 375; margin 10 % of 1 100."""
    done = run(framework, {0: [(10, None)], 2: [(-10, None)]}, BARS, PAIR)
    values = [1_000, 1_120, 1_250, 1_375, 1_375]
    assert done.results["s"].equity.tolist() == pytest.approx(values)
    assert [value for _, value in seen(framework)] == pytest.approx(values)
    held = [1_000, 1_010, 1_140, 1_375, 1_375] if framework == "backtrader" else [1_000, 1_000, 1_000, 1_375, 1_375]
    assert [cash for cash, _ in seen(framework)] == pytest.approx(held)
    assert BacktraderScript.profits == ([pytest.approx(375.0)] if framework == "backtrader" else [])


@BOTH
def test_at_the_close_the_rate_is_that_of_the_bar(framework: str) -> None:
    """Bought at 11 × 1.2 = 132, sold at 13 × 1.3 = 169."""
    done = run(framework, {1: [(10, None)], 3: [(-10, None)]}, BARS, SHARE, AT_CLOSE)
    assert [record.fill.rate for record in done.orchestrator.fills] == [1.2, 1.3]
    assert done.results["s"].equity.tolist() == pytest.approx([1_000, 1_000, 1_018, 1_037, 1_037])
    assert [value for _, value in seen(framework)] == pytest.approx([1_000, 1_000, 1_018, 1_037, 1_037])


@BOTH
def test_in_the_range_the_rate_is_the_one_before(framework: str) -> None:
    """A limit of 10.5 is reached within the bar of day 3, before whose open the rate closed at 1.25."""
    bars = {"A": [11.0, 11.0, 11.0, (11.0, 10.0), 10.0], "R": RATE}
    done = run(framework, {0: [(10, 10.5)]}, bars, SHARE)
    assert [(record.fill.price, record.fill.rate) for record in done.orchestrator.fills] == [(10.5, 1.25)]
    assert done.results["s"].equity[3] == pytest.approx(1_000 - 131.25 + 130)


@BOTH
def test_fees_are_in_the_capitals_currency(framework: str) -> None:
    """1 % of 110 is below 1.2; 1 % of 162.5 is not."""
    done = run(framework, {0: [(10, None)], 2: [(-10, None)]}, BARS, SHARE, FEES)
    assert [record.fill.fee for record in done.orchestrator.fills] == pytest.approx([1.2, 1.625])
    assert [value for _, value in seen(framework)] == pytest.approx([1_000, 1_020.8, 1_038.8, 1_049.675, 1_049.675])
    if framework == "nautilus":
        assert NautilusScript.commissions == ["1.20000000 USD", "1.62500000 USD"]


@BOTH
def test_an_order_through_zero_converts_both_halves(framework: str) -> None:
    """Long 10 at 10 × 1.1, sold 15 at 13 × 1.25: 52.5 earned, short 5 of which is worth 13 × 1.3, then 13 × 1.5."""
    done = run(framework, {0: [(10, None)], 2: [(-15, None)]}, BARS, SHARE, FEES)
    assert [trade.profit for trade in done.results["s"].trades] == [pytest.approx(52.5 - 1.2 - 1.625)]
    values = [1_000, 1_020.8, 1_038.8, 1_000 + 52.5 - 1.2 - 2.4375 + 81.25 - 84.5]
    assert [value for _, value in seen(framework)][:4] == pytest.approx(values)
    assert done.results["s"].equity.tolist()[:4] == pytest.approx(values)


@BOTH
def test_a_short_pays_for_its_nights(framework: str) -> None:
    """Sold at the open of day 1, covered at that of day 4: 3 nights, on 1 000, 1 100 and 1 200: 1, 1.1 and 1.2."""
    bars = {"A": [10.0, 10.0, 11.0, 12.0, 12.0, 12.0]}
    done = run(framework, {0: [(-100, None)], 3: [(100, None)]}, bars, COSTLY, capital=10_000)
    values = [10_000, 9_999, 9_897.9, 9_796.7, 9_796.7, 9_796.7]
    assert done.results["s"].equity.tolist() == pytest.approx(values)
    assert [value for _, value in seen(framework)] == pytest.approx(values)
    assert [cash for cash, _ in seen(framework)][1:4] == pytest.approx([10_999, 10_997.9, 10_996.7])
    assert done.results["s"].fees == pytest.approx(3.3)


@BOTH
def test_nights_without_a_bar_are_paid_at_the_next(framework: str) -> None:
    bars = {"A": [10.0, 10.0, None, None, 12.0], "B": [1.0] * 6}
    done = run(framework, {0: [(-100, None)]}, bars, COSTLY, capital=10_000)
    assert done.results["s"].equity.tolist()[:5] == pytest.approx([10_000, 9_999, 9_999, 9_999, 9_795.4])
    assert [value for _, value in seen(framework)] == pytest.approx([10_000, 9_999, 9_795.4])


@BOTH
def test_a_future_is_settled_at_its_last_close_without_slippage(framework: str) -> None:
    """2 of 10 bought at 101 (slippage 1), settled at the close of 105: 2 × 10 × 4 less two fees of 1."""
    bars = {"A": [100.0, 100.0, 103.0, (104.0, 105.0)], "B": [7.0] * 6}
    costs = ExecutionRules(commission=Commission(minimum=1.0), slippage=Slippage(ticks=100))
    settlements = {"A": "2020-01-04"}
    done = run(framework, {0: [(2, None)]}, bars, FUTURE, costs, capital=10_000, settlements=settlements)
    assert done.fills() == [(2.0, 101.0), (-2.0, 105.0)]
    assert [str(record.reason) for record in done.orchestrator.fills] == ["", "settlement"]
    assert done.results["s"].equity.tolist() == [10_000.0, 9_979.0, 10_039.0, 10_078.0, 10_078.0, 10_078.0]


@BOTH
def test_a_native_goes_on_after_a_settlement(framework: str) -> None:
    """What rests on the future ends with its series, before the settlement, and what is sent later finds no bar."""
    bars = {"A": [100.0, 99.0, 98.0, 90.0], "B": [7.0] * 6}
    script: Script = {0: [(-3, None)], 1: [(-1, 150.0)], 4: [(1, None)]}
    done = run(
        framework,
        script,
        bars,
        FUTURE,
        capital=10_000,
        settlements={"A": "2020-01-04"},
        symbols=("A", "B") if framework == "backtrader" else ("A",),
    )
    assert done.fills() == [(-3.0, 99.0), (3.0, 90.0)]
    ended = [reason for outcome, reason, _ in done.reasons("s") if outcome == "rejected"]
    assert ended == ["series_ended"] * (2 if framework == "backtrader" else 1)
    assert done.results["s"].equity[-1] == 10_000 + 3 * 9 * 10
    if framework == "backtrader":
        assert "settlement" in BacktraderScript.reasons


@BOTH
def test_a_settlement_at_the_last_bar_of_the_run(framework: str) -> None:
    done = run(framework, {0: [(2, None)]}, {"A": [100.0, 100.0, 105.0]}, FUTURE, settlements={"A": "2020-01-03"})
    assert done.fills() == [(2.0, 100.0), (-2.0, 105.0)]
    assert done.results["s"].equity[-1] == 1_100.0


class Damaging(bt.Strategy):  # type: ignore[misc]  # Backtrader has no types
    """Buys, and writes into its position two bars later."""

    def next(self) -> None:
        if len(self) == 1:
            self.buy(size=10)
        if len(self) == 3:
            self.broker.positions[self.data].size = 99
            self.sell(size=1)


def test_the_position_of_an_unusable_engine_is_closed_at_its_rate() -> None:
    """Bought at 10 × 1.1, closed at 13 × 1.25 with a fee of 1 % of that."""
    done = run("backtrader", {}, BARS, SHARE, FEES, strategy=Damaging)
    assert done.fills() == [(10.0, 10.0), (-10.0, 13.0)]
    assert done.results["s"].equity[-1] == pytest.approx(1_000 - 110 - 1.2 + 162.5 - 1.625)


def a_case(chance: Random) -> tuple[Instrument, Script, list[tuple[float, float]]]:
    """A wild price, and a script of market orders and limits, many of them through zero."""
    instrument = Instrument(
        "A",
        currency="EUR",
        fx="R",
        borrow=chance.choice([0.0, 0.3]),
        asset_class=chance.choice(["equity", "future", "fx"]),
        multiplier=chance.choice([1.0, 10.0]),
        margin_rate=chance.choice([0.2, 0.5]),
        maintenance_rate=0.01,
    )
    price, bars, script = 20.0, [], {}
    for bar in range(40):
        opened = round(price * chance.uniform(0.98, 1.02), 2)
        price = round(opened * chance.uniform(0.97, 1.03), 2)
        bars.append((opened, price))
        if bar < 38 and chance.random() < 0.5:
            limit = None if chance.random() < 0.5 else round(20 * chance.uniform(0.9, 1.1), 2)
            script[bar] = [(chance.choice([-1, 1]) * chance.randint(1, 30), limit)]
    return instrument, script, bars


@BOTH
@pytest.mark.parametrize("seed", range(5))
def test_a_native_sees_the_value_of_its_book(seed: int, framework: str) -> None:
    chance = Random(seed)
    instrument, script, bars = a_case(chance)
    rates = [(9.0, round(chance.uniform(1.0, 1.4), 4)) for _ in bars]
    rules = ExecutionRules(commission=Commission(percent=0.1, minimum=0.5), slippage=Slippage(ticks=2))
    done = run(framework, script, {"A": bars, "R": rates}, instrument, rules, capital=20_000)
    assert len(done.fills()) > 9
    assert [value for _, value in seen(framework)] == pytest.approx(done.results["s"].equity.tolist())
