"""Random portfolios: their exposure by plain arithmetic on fills and prices, and by the accounts after each step."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import astuple
from decimal import Decimal
from random import Random

import numpy as np
import pytest

from orchestrate.analytics.exposure import FIGURES, Exposure, Extremes, groups, rows
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.portfolio import PortfolioPlan, RebalancePlan
from orchestrate.domain.results import RunResult
from orchestrate.domain.strategies.protocols import Signal
from tests.analytics.exposures import result_of_run
from tests.orchestration.harness import HarnessRun, Scripted, prepare
from tests.orchestration.margin.plain_margin import PlainAccount, initial_rate, maintenance_rate, moments
from tests.orchestration.margin.test_margin_properties import STEPS, a_market, some_parts, some_rules

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

MANY = int(os.environ.get("ORCHESTRATE_PORTFOLIOS", "25"))
#: By scope and id, a figure at every step.
Found = dict[tuple[str, str], list[float]]


def resting(chance: Random, symbols: Sequence[str]) -> Scripted:
    """A strategy whose orders rest, and are changed and cancelled."""
    script = {}
    for call in range(0, STEPS, 2):
        symbol, price = chance.choice(symbols), round(chance.uniform(20.0, 80.0), 2)
        name, size = str(chance.randint(0, 3)), chance.randint(1, 40)
        say = [
            Signal.enter(symbol, chance.choice(["long", "short"]), size, limit=price),
            Signal.enter(symbol, chance.choice(["long", "short"]), size, stop=price, tag=f"{name}-{call}"),
            Signal.replace(f"{name}-{call - 4}", quantity=size, stop=price),
            Signal.cancel(f"{name}-{call - 2}"),
            Signal.exit(symbol),
        ]
        script[call] = [chance.choice(say)]
    return Scripted(script)


def stepped(seed: int, *, full: bool) -> tuple[Market, HarnessRun, dict[str, Found]]:
    """A random run, and what accounts and blotter say after each of its steps."""
    chance = Random(seed)
    market, rules, pooled = a_market(chance), some_rules(chance), chance.random() < 0.5
    parts = some_parts(chance, market)
    if chance.random() < 0.4:
        parts["s"].strategy = resting(chance, parts["s"].symbols)
    plan = RebalancePlan(*chance.choice([(), (Decimal("0.05"), "week")]))
    portfolio = PortfolioPlan(rebalance=plan)
    done = prepare(parts, full=["in_memory"] if full else [], pooled=pooled, portfolio=portfolio)
    orchestrator, said = done.orchestrator, {"reserved": defaultdict(list), "available": defaultdict(list)}
    orchestrator.begin(market, rules)
    session = orchestrator.session
    try:
        for event in orchestrator.clock():
            orchestrator.step(event)
            for entry in orchestrator.strategies.values():
                reserved = session.blotter.reserved(entry.id)
                spendable = entry.account.money_for_openings(entry.book, reserved, session.marks)
                said["reserved"]["strategy", entry.id].append(reserved)
                said["available"]["strategy", entry.id].append(spendable)
        orchestrator.finish()
    finally:
        orchestrator.end()
    return market, done, said


def computed(market: Market, done: HarnessRun) -> dict[str, Found]:
    """Gross, net, used and margins of every group at every step, from fills and prices alone."""
    account, found = PlainAccount(market, 0.0), {name: defaultdict(list) for name in FIGURES}
    known = [(group.scope, group.id) for group in groups(result_of_run(market, done))]
    for moment in moments(market, done.orchestrator.fills):
        for record in moment.fills:
            account.take(record)
        sums = {key: dict.fromkeys(FIGURES, 0.0) for key in known}
        for (name, symbol), (quantity, average) in account.held.items():
            instrument = market.instruments[symbol]
            worth = quantity * moment.closes[symbol] * instrument.multiplier
            rate, cost = initial_rate(instrument, quantity), abs(quantity * average) * instrument.multiplier
            kept = abs(worth) * maintenance_rate(instrument, quantity)
            own = {"gross": abs(worth), "net": worth, "used": cost * rate}
            own |= {"margin_initial": abs(worth) * rate, "margin_maintenance": kept}
            for key in [("portfolio",) * 2, ("strategy", name), ("framework", "in_memory"), ("symbol", symbol)]:
                for figure, value in own.items():
                    sums[key][figure] += value
        for key, figures in sums.items():
            for figure, value in figures.items():
                found[figure][key].append(value)
    return found


def assert_equal(result: RunResult, figure: str, expected: Found) -> None:
    exposure = Exposure(result)
    for group in groups(result):
        values = expected.get((group.scope, group.id))
        if values is not None:
            actual = getattr(exposure.figures(group), figure)
            assert actual == pytest.approx(values, rel=1e-9, abs=2e-6), (figure, group)


@pytest.mark.parametrize("seed", range(MANY))
def test_every_figure_is_that_of_fills_prices_and_accounts(seed: int) -> None:
    market, done, said = stepped(seed, full=True)
    result = result_of_run(market, done)
    by_hand = computed(market, done)
    for figure in ("gross", "net", "used", "margin_initial", "margin_maintenance"):
        assert_equal(result, figure, by_hand[figure])
    for figure, expected in said.items():
        assert_equal(result, figure, expected)
    whole = Exposure(result).figures(groups(result)[0])
    total = np.sum([np.array(values) for values in said["reserved"].values()], axis=0)
    assert whole.reserved == pytest.approx(total, abs=1e-6)
    highest = Extremes(result).peaks["portfolio"]
    assert highest["gross"]["value"] == whole.gross.max()
    assert highest["net"]["value"] == np.abs(whole.net).max()


@pytest.mark.parametrize("seed", range(MANY))
def test_rows_say_every_change_once_and_jumps_change_none(seed: int) -> None:
    results = [result_of_run(market, done) for market, done, _ in (stepped(seed, full=full) for full in (True, False))]
    exposure, steps = Exposure(results[0]), len(results[0].stamps)
    for dense, jumped in zip(*(rows(result) for result in results), strict=True):
        assert (dense.group, dense.steps.tolist()) == (jumped.group, jumped.steps.tolist())
        lasts = np.diff(dense.steps, append=steps)
        for name, whole in zip(FIGURES, astuple(exposure.figures(dense.group)), strict=True):
            assert dense.columns[name].tolist() == jumped.columns[name].tolist()
            assert np.repeat(dense.columns[name], lasts).tolist() == whole.tolist()
        stored = np.array([dense.columns[name] for name in FIGURES])
        assert (np.diff(stored) != 0.0).any(axis=0).all()


def test_the_portfolios_hold_and_reserve_something() -> None:
    """The properties above would hold of empty runs, too."""
    found = [result_of_run(*stepped(seed, full=False)[:2]) for seed in range(20)]
    sums = [Exposure(result).figures(groups(result)[0]) for result in found]
    assert sum(figures.gross.any() and figures.reserved.any() for figures in sums) > 10
    assert any((figures.net < 0.0).any() for figures in sums)
    assert any(np.count_nonzero(np.diff(figures.reserved)) > 12 for figures in sums)
    assert any(strategy.transfers is not None for result in found for strategy in result.strategies.values())
    assert any(strategy.weight is not None for result in found for strategy in result.strategies.values())
