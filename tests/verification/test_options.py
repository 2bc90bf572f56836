"""Runs with options verify on both engines, and a changed number in what they stored is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from orchestrate.verification.facts import Run
from orchestrate.verification.verify import verify
from tests.verification.test_random_portfolios import with_change

STRATEGIES = """
from orchestrate import Signal, cash_secured_put, covered_call, iron_condor, vertical

class Condor:  # held through its expiry, or closed a week before
    def __init__(self, early=False):
        self.early = early

    def on_bar(self, context):
        for held in context.structures:
            if self.early and held.dte < 7:
                yield Signal.close(held)
        if not context.structures:
            chain = context.chain("XO").nearest(days=20)
            put, call = chain.pick("put", delta=0.3), chain.pick("call", delta=0.3)
            wings = [chain.pick(one.right, width_from=one, width=5) for one in (put, call) if one]
            if len(wings) == 2 and None not in wings:
                yield Signal.structure(iron_condor(wings[0], put, call, wings[1], 2), tag="condor")

class Wheel:  # sells a put, then a call beside shares, in turn
    turn = 0

    def on_bar(self, context):
        if not context.structures:
            chain = context.chain("XO").nearest(days=7)
            call, put = chain.pick("call", delta=0.5), chain.pick("put", delta=0.5)
            if call and put:
                yield Signal.structure(covered_call(call) if self.turn % 2 else cash_secured_put(put))
                self.turn += 1

class Spreads:  # waits for the price of a vertical, and rolls it to the next one
    def on_bar(self, context):
        chain = context.chain("XO").nearest(days=20)
        low = chain.pick("call", moneyness=1.0)
        high = low and chain.pick("call", width_from=low, width=5)
        if high is None or context.waiting:
            return
        if not context.structures:
            yield Signal.structure(vertical(low, high, 3), limit=2.2, tif="gtc")
        elif context.structures[0].dte < 10 and vertical(low, high).parts != context.structures[0].structure.parts:
            yield Signal.roll(context.structures[0], to=vertical(low, high, 3))
"""
PORTFOLIO = """
capital: 400000
data:
  X: {synthetic: {bars: 80, seed: 5, volatility: 0.4}}
  XO: {synthetic: {underlying: X, seed: 3, surface: {level: 0.4}, strikes: 30, expiries: [7, 20], spread: 0.03}}
instruments: {XO: {style: american, delivery: physical}}
execution: {commission: {per_share: 0.01, minimum: 1}EXECUTION}
strategies:
  held: {name: own_options.py:Condor, framework: nautilus, allocation: 20, symbols: [XO]}
  early: {name: own_options.py:Condor, framework: backtrader, allocation: 20, symbols: [XO], config: {early: true}}
  wheel: {name: own_options.py:Wheel, framework: backtrader, allocation: 30, symbols: [XO, X]}
  other: {name: own_options.py:Wheel, framework: nautilus, allocation: 20, symbols: [XO, X]}
  rolls: {name: own_options.py:Spreads, framework: nautilus, allocation: 10, symbols: [XO]}
"""


#: Half of the spread and fees of their own, on the quotes of the next step.
NEXT = ", slippage: {ticks: 1}, options: {cross: 0.5, quotes: next, per_contract: 0.65, minimum: 1.0}"


@pytest.fixture(scope="module")
def run(facts_of: Callable[[str], Run], folder) -> Run:
    (folder / "own_options.py").write_text(STRATEGIES)
    return facts_of(PORTFOLIO.replace("EXECUTION", ""))


def test_a_run_with_options_verifies(run: Run) -> None:
    assert verify(run).difference is None
    fills = run.rows("fills")
    assert {"", "settlement"} <= {fill["reason"] for fill in fills}
    delivered = [fill for fill in fills if fill["reason"] == "settlement" and fill["symbol"] == "X"]
    assert {fill["quantity"] > 0 for fill in delivered} == {True, False}
    assert {fill["framework"] for fill in delivered} == {"backtrader", "nautilus"}


def test_a_run_on_the_next_quotes_verifies(run: Run, facts_of: Callable[[str], Run]) -> None:
    later = facts_of(PORTFOLIO.replace("EXECUTION", NEXT))
    assert verify(later).difference is None
    assert later.tables["fills"]["t"][0] > run.tables["fills"]["t"][0]
    filled = [fill for fill in later.rows("fills") if fill["strategy_id"] == "rolls"]
    assert len(filled) > 3
    for name in ("price", "fee", "quantity"):
        changed = with_change(later, "fills", name, later.rows("fills").index(filled[1]))
        assert verify(changed).difference is not None


@pytest.mark.parametrize("name", ["price", "fee", "quantity", "slippage"])
def test_a_changed_fill_of_an_option_is_found(run: Run, name: str) -> None:
    fills = run.rows("fills")
    firsts = {(one["reason"], one["symbol"] == "X", one["quantity"] > 0): row for row, one in enumerate(fills)}
    assert len(firsts) > 5
    missed = [key for key, row in firsts.items() if verify(with_change(run, "fills", name, row)).difference is None]
    assert missed == []


def test_a_structure_that_lacks_a_leg_is_found(run: Run) -> None:
    rows = run.tables["fills"]
    less = {name: [*column[:1], *column[2:]] for name, column in rows.items()}
    difference = verify(replace(run, tables={**run.tables, "fills": less})).difference
    assert difference is not None
    assert difference.check == "fills"


def test_a_quote_that_was_another_one_is_found(run: Run) -> None:
    fill = run.rows("fills")[0]
    contract = run.contracts[fill["symbol"]]
    dearer = replace(contract, ask=contract.ask + 0.01, bid=contract.bid + 0.01)
    difference = verify(replace(run, contracts={**run.contracts, fill["symbol"]: dearer})).difference
    assert difference is not None
    assert (difference.check, difference.stored) == ("prices", fill["price"])


@pytest.mark.parametrize("name", ["used", "margin_initial", "margin_maintenance", "available"])
def test_a_requirement_that_was_another_one_is_found(run: Run, name: str) -> None:
    rows = run.rows("exposure")
    own = [place for place, one in enumerate(rows) if (one["scope"], one["id"]) == ("strategy", "held") and one[name]]
    difference = verify(with_change(run, "exposure", name, own[len(own) // 2])).difference
    assert difference is not None
    assert (difference.check, f"strategy held {name}" in difference.where) == ("exposure", True)
