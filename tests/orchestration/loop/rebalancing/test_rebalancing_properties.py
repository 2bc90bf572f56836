"""What holds of any rebalancing on any market: shorts, margin, fees, missing bars, pooled capital."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.domain.events import CapitalRebalancedEvent
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.portfolio import PortfolioPlan, RebalancePlan
from orchestrate.orchestration.risk.capital import RESERVE
from orchestrate.orchestration.risk.limits.losses import MaxDrawdown
from orchestrate.orchestration.risk.rebalancing import Imbalance, settle, split
from tests.engines.builders import series
from tests.orchestration.harness import Flags, HarnessRun, Part, fixed
from tests.orchestration.loop.rebalancing.rebalances import dated, run
from tests.whole_runs import whole_runs

BARS = 30
NAMES = ("a", "b", "c")
FUTURE = Instrument("B", multiplier=10.0, margin_rate=0.2, asset_class="future")


def prices(seed: int, gaps: bool) -> Market:
    """Two walks in whole cents; with `gaps`, B has no bar at every third day, and none after the 24th."""
    random = np.random.default_rng(seed)
    walks = np.clip(1000 + np.cumsum(random.integers(-90, 91, size=(2, 2 * BARS)), axis=1), 200, 3000)
    a, b = ([(walk[2 * n] / 100, walk[2 * n + 1] / 100) for n in range(BARS)] for walk in walks)
    days = [day for day in range(BARS) if not gaps or (day % 3 != 1 and day < 24)]
    return dated(series("A", a), series("B", [b[day] for day in days], days=days), B=FUTURE)


def parts(seed: int) -> dict[str, Part]:
    random = np.random.default_rng(seed)
    parts_by_id = {}
    for name, pct in zip(NAMES, (40, 30, 20), strict=True):
        flags = Flags(*(sorted(random.choice(BARS, 3, replace=False)) for _ in range(4)))
        limits = {"max_drawdown": MaxDrawdown(0.3)} if seed % 2 else {}
        parts_by_id[name] = Part(flags, ("A", "B"), pct, fixed(int(random.integers(1, 2000))), limits=limits)
    return parts_by_id


RULES = st.builds(
    ExecutionRules,
    fill=st.sampled_from(["next_open", "close"]),
    commission=st.sampled_from([Commission(), Commission(percent=0.1), Commission(per_share=0.005, minimum=1.0)]),
    slippage=st.sampled_from([Slippage(), Slippage(ticks=2)]),
    lots=st.sampled_from(["integer", "fractional"]),
    close_at_end=st.booleans(),
)
PLANS = st.builds(
    RebalancePlan,
    threshold=st.sampled_from([None, Decimal("0.01"), Decimal("0.05")]),
    every=st.sampled_from(["day", "week", None]),
    top_up=st.booleans(),
)


@pytest.mark.uncounted
@whole_runs(25)
@given(seed=st.integers(0, 10_000), rules=RULES, plan=PLANS, pooled=st.booleans(), gaps=st.booleans())
def test_any_run_keeps_its_money(
    seed: int, rules: ExecutionRules, plan: RebalancePlan, pooled: bool, gaps: bool
) -> None:
    market, portfolio = prices(seed, gaps), PortfolioPlan(rebalance=plan)
    jumping, dense = (
        run(market, parts(seed), portfolio, rules, pooled=pooled, full=full) for full in ((), ("in_memory",))
    )
    assert jumping.orchestrator.fills == dense.orchestrator.fills
    assert jumping.of(CapitalRebalancedEvent) == dense.of(CapitalRebalancedEvent)
    for event in dense.of(CapitalRebalancedEvent):
        assert sum(event.allocations.values()) == sum(event.before.values())
        assert event.allocations == event.before or not pooled
        assert all(amount == round(amount, 2) for amount in event.allocations.values())
    _check_money(dense)
    _check_curves(jumping, dense)


def _check_money(done: HarnessRun) -> None:
    """Every book is its capital, its transfers and what its fills have cost, and no pooled sum is below nothing."""
    orchestrator = done.orchestrator
    instruments = orchestrator._market.instruments
    flows = 0.0
    for name, entry in orchestrator.strategies.items():
        moved = sum(flow.amount for flow in entry.book.flows)
        own = [record.fill for record in orchestrator.fills if record.fill.strategy_id == name]
        paid = sum(
            fill.quantity * fill.price * instruments[fill.symbol].multiplier
            for fill in own
            if instruments[fill.symbol].moves_cash_by_notional
        )
        gained = sum(trade.profit + trade.fees for trade in entry.book.trades if trade.symbol == "B")
        if "B" not in entry.book.positions:
            cash = float(entry.allocated) + moved - paid + gained - sum(fill.fee for fill in own)
            assert entry.book.cash == pytest.approx(cash, abs=1e-5)
        flows += moved
    assert flows + sum(flow.amount for flow in orchestrator.capital_manager.reserve.flows) == pytest.approx(0, abs=1e-6)


def _check_curves(jumping: HarnessRun, dense: HarnessRun) -> None:
    for name, result in dense.results.items():
        other: Any = jumping.results[name]
        assert result.equity.tobytes() == other.equity.tobytes()
        flows = 0.0 if result.transfers is None else np.cumsum(result.transfers.flows)
        assert result.equity - flows == pytest.approx(result.earned, abs=1e-6)


AMOUNTS = st.dictionaries(st.sampled_from([*NAMES, RESERVE, "d", "e"]), st.floats(0.01, 1e6), min_size=1)


@given(sizes=AMOUNTS, weights=st.lists(st.floats(0.01, 1), min_size=6, max_size=6))
def test_both_sides_of_an_imbalance_are_equal(sizes: dict[str, float], weights: list[float]) -> None:
    whole, total = sum(sizes.values()), sum(weights[: len(sizes)])
    targets = {name: whole * weight / total for name, weight in zip(sizes, weights, strict=False)}
    imbalance = Imbalance.between(sizes, targets)
    assert sum(imbalance.shortages.values()) == pytest.approx(imbalance.moved, abs=1e-6)
    assert not imbalance.excesses.keys() & imbalance.shortages.keys()
    for name, amount in imbalance.excesses.items():
        assert 0 <= amount <= sizes[name] - targets[name] + 1e-9


@given(excesses=AMOUNTS, shortages=AMOUNTS)
def test_parts_add_up(excesses: dict[str, float], shortages: dict[str, float]) -> None:
    shortages = {f"to {name}": amount for name, amount in shortages.items()}
    transfers = settle(excesses, shortages)
    given_away, received = (
        {name: sum((each.amount for each in transfers if each[side] == name), Decimal(0)) for name in names}
        for side, names in ((0, excesses), (1, shortages))
    )
    total = sum(received.values())
    assert all(each.amount > 0 and each.amount == round(each.amount, 2) for each in transfers)
    assert all(float(amount) <= excesses[name] + 1e-6 for name, amount in given_away.items())
    assert float(total) <= sum(shortages.values()) + 1e-6
    most = min(sum(excesses.values()), sum(shortages.values()))
    assert float(total) >= most - 0.01 * (len(excesses) + 1)
    whole = sum(shortages.values())
    for name, amount in received.items():
        assert abs(float(amount) - float(total) * shortages[name] / whole) < 0.01 + 1e-6


def test_the_largest_remainder_gets_the_cent_and_ties_go_by_order() -> None:
    assert split(Decimal("1.00"), {"a": 1.0, "b": 1.0, "c": 1.0}) == {
        "a": Decimal("0.34"),
        "b": Decimal("0.33"),
        "c": Decimal("0.33"),
    }
    assert split(Decimal("0.05"), {"a": 1.0, "b": 2.0}) == {"a": Decimal("0.02"), "b": Decimal("0.03")}
    assert split(Decimal("0.05"), {}) == {}


def test_an_imbalance_is_among_the_remaining_strategies() -> None:
    whole = Imbalance.between({"a": 70.0, "b": 10.0, "c": 20.0}, {"a": 40.0, "b": 30.0, "c": 30.0})
    assert whole == Imbalance({"a": 30.0}, {"b": 20.0, "c": 10.0})
    assert replace(whole, shortages={"b": 20.0}) == whole.among(["a", "b"])
