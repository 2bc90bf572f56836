"""What holds for every pooled run: against a small simulator, on every engine, jumping or not."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.domain.orders.execution import Commission, ExecutionRules
from tests.orchestration.harness import AT_CLOSE, PLAIN
from tests.orchestration.risk.pool import BARS, MIXES, Scenario
from tests.orchestration.risk.pool_simulator import Pool, Trader
from tests.whole_runs import whole_runs

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

FEES = Commission(percent=0.1, minimum=1.0)
RULES = st.sampled_from([PLAIN, AT_CLOSE, ExecutionRules(commission=FEES), ExecutionRules("close", FEES)])
SEEDS = st.integers(0, 100_000)


def simulated(scenario: Scenario, rules: ExecutionRules) -> Pool:
    """The same in fractions."""
    traders = {}
    for name, weight in scenario.weights.items():
        sizing = scenario.sizes[name]
        percent, quantity = (int(sizing.value), 0) if sizing.method == "percent" else (0, int(sizing.value))
        flags = scenario.entries[name], scenario.exits[name]
        traders[name] = Trader(Fraction(weight, 100), percent, quantity, *flags, cash=Fraction(weight * 1000))
    reserve = Fraction(100_000 - 1000 * sum(scenario.weights.values()))
    fee = rules.commission
    percent, minimum = Fraction(str(fee.percent)), Fraction(str(fee.minimum))
    pool = Pool(traders, reserve, scenario.prices, percent, minimum, rules.fill == "close")
    pool.play()
    return pool


@whole_runs(60)
@given(seed=SEEDS, rules=RULES, reserve=st.sampled_from([0, 7]))
def test_runs_are_what_a_simulator_in_fractions_makes_of_them(seed: int, rules: ExecutionRules, reserve: int) -> None:
    scenario = Scenario.of(seed, reserve)
    done, due = scenario.run(rules, MIXES["in_memory"]), simulated(scenario, rules)
    for name, trader in due.traders.items():
        assert done.fills(name) == trader.fills
        book = done.orchestrator.strategies[name].book
        assert abs(book.cash - float(trader.cash)) < 1e-6
        assert {symbol: held.quantity for symbol, held in book.positions.items()} == {
            symbol: quantity for symbol, (quantity, _) in trader.held.items()
        }


@whole_runs(6)
@given(seed=SEEDS, rules=RULES)
def test_pooled_runs_are_the_same_on_every_engine(seed: int, rules: ExecutionRules) -> None:
    scenario = Scenario.of(seed)
    due = simulated(scenario, rules)
    for engines in (MIXES["mixed"], ("nautilus", "backtrader", "nautilus")):
        done = scenario.run(rules, engines)
        assert [done.fills(name) for name in scenario.weights] == [trader.fills for trader in due.traders.values()]


@whole_runs(15)
@given(seed=SEEDS, rules=RULES)
def test_a_clock_that_jumps_changes_nothing(seed: int, rules: ExecutionRules) -> None:
    scenario = Scenario.of(seed)
    jumping = scenario.run(rules, MIXES["in_memory"])
    dense = scenario.run(rules, MIXES["in_memory"], full=["in_memory"])
    assert jumping.events == dense.events
    assert jumping.orchestrator.session.log.decisions == dense.orchestrator.session.log.decisions
    for name, result in dense.results.items():
        assert jumping.results[name].equity.tolist() == result.equity.tolist()
    assert dense.orchestrator.steps_done == BARS
