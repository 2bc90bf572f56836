"""Rebalancing against a second account of it, written in fractions from the contract, on random prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from orchestrate.domain.market.timeline import Market
from orchestrate.domain.portfolio import Period
from tests.engines.builders import START, series
from tests.orchestration.harness import AT_CLOSE, PLAIN, Flags, HarnessRun, Part, fixed
from tests.orchestration.loop.rebalancing.rebalances import dated, journal, rebalancing, run, trades
from tests.whole_runs import whole_runs

BARS = 45
WEIGHTS = {"a": Fraction(40, 100), "b": Fraction(30, 100), "c": Fraction(20, 100)}
TOTAL = Fraction(100_000)
RESERVE = "reserve"
Cents = dict[str, Fraction]


@dataclass
class Wants:
    """When a strategy enters and leaves, what and how much."""

    symbol: str
    units: int
    long: list[int]
    out: list[int]


@dataclass
class Random:
    """A market of closes that the next bars open at, and what strategies want."""

    seed: int
    closes: dict[str, list[Fraction]] = field(init=False)
    opens: dict[str, list[Fraction]] = field(init=False)
    wants: dict[str, Wants] = field(init=False)

    def __post_init__(self) -> None:
        chance = np.random.default_rng(self.seed)
        self.closes, self.opens, self.wants = {}, {}, {}
        for symbol in ("A", "B", "C"):
            cents = np.clip(1000 + np.cumsum(chance.integers(-150, 170, BARS)), 300, 3000)
            self.closes[symbol] = [Fraction(int(each), 100) for each in cents]
            self.opens[symbol] = [self.closes[symbol][0], *self.closes[symbol][:-1]]
        for place, name in enumerate(WEIGHTS):
            flips = sorted(int(bar) for bar in chance.choice(np.arange(1, BARS), 4, replace=False))
            units = int(float(WEIGHTS[name]) * 3000 * (1 + chance.random()))
            self.wants[name] = Wants("ABC"[(place + self.seed) % 3], units, [0, *flips[1::2]], flips[::2])

    @property
    def market(self) -> Market:
        bars = [
            series(symbol, [(float(o), float(c)) for o, c in zip(self.opens[symbol], closes, strict=True)])
            for symbol, closes in self.closes.items()
        ]
        return dated(*bars)

    @property
    def parts(self) -> dict[str, Part]:
        return {
            name: Part(Flags(long=one.long, out=one.out), (one.symbol,), int(WEIGHTS[name] * 100), fixed(one.units))
            for name, one in self.wants.items()
        }


@dataclass
class Account:
    """What a strategy has, and its orders: (units, does a rebalance want it)."""

    cash: Fraction
    held: int = 0
    orders: list[tuple[int, bool]] = field(default_factory=list)


class Simulator:
    """The same portfolio, step by step as the contract lists it; no order ever lacks money."""

    def __init__(self, on: Random, period: Period | None, threshold: Fraction | None, at_close: bool) -> None:
        self.on, self.period, self.threshold, self.at_close = on, period, threshold, at_close
        self.accounts = {name: Account(weight * TOTAL) for name, weight in WEIGHTS.items()}
        self.reserve = TOTAL - sum(account.cash for account in self.accounts.values())
        self.trades: list[tuple[int, str, str, int, Fraction, bool]] = []
        self.rebalances: list[tuple[str, str, Cents, Cents]] = []
        self.underway: tuple[str, int, Cents, Cents] | None = None
        for step in range(BARS):
            self.step(step)

    def step(self, step: int) -> None:
        if not self.at_close:
            self.fill(step, self.on.opens)
        for name, account in self.accounts.items():
            self.decide(step, self.on.wants[name], account)
        if self.at_close:
            self.fill(step, self.on.closes)
        self.rebalance(step)

    def fill(self, step: int, prices: Mapping[str, Sequence[Fraction]]) -> None:
        for name, account in self.accounts.items():
            symbol = self.on.wants[name].symbol
            price = prices[symbol][step]
            for units, rebalances in sorted(account.orders, key=lambda order: order[0] > 0):  # sells first
                account.cash -= units * price
                account.held += units
                self.trades.append((step, name, symbol, units, price, rebalances))
            account.orders = []

    def decide(self, step: int, wants: Wants, account: Account) -> None:
        coming = account.held + sum(units for units, _ in account.orders)
        if step in wants.out and coming > 0:
            account.orders = [each for each in account.orders if each[0] < 0]
            left = account.held + sum(units for units, _ in account.orders)
            account.orders.append((-left, False))
        elif step in wants.long and coming == 0:
            account.orders.append((wants.units, False))

    # ---- after the close

    def worth(self, step: int) -> Cents:
        worths = {
            name: account.cash + account.held * self.on.closes[self.on.wants[name].symbol][step]
            for name, account in self.accounts.items()
        }
        return worths | {RESERVE: self.reserve}

    def rebalance(self, step: int) -> None:
        if self.underway is not None:  # every symbol has every bar: what was ordered has filled
            self.move(step, *self.underway)
            self.underway = None
        why = self.why(step)
        if why:
            self.order(step, why)

    def why(self, step: int) -> str:
        if self.period is not None and step and _number(step, self.period) != _number(step - 1, self.period):
            return self.period
        worth = self.worth(step)
        whole = sum(worth.values())
        off = self.threshold is not None and any(
            abs(worth[name] / whole - weight) > self.threshold for name, weight in WEIGHTS.items()
        )
        return "threshold" if off else ""

    def order(self, step: int, why: str) -> None:
        worth = self.worth(step)
        whole = sum(worth.values())
        targets = {name: weight * whole for name, weight in WEIGHTS.items()}
        targets[RESERVE] = whole - sum(targets.values())
        over = {name: worth[name] - target for name, target in targets.items() if worth[name] > target}
        under = {name: target - worth[name] for name, target in targets.items() if worth[name] < target}
        if sum(over.values()) < whole / 1000:
            return
        for name in over.keys() & self.accounts.keys():
            account = self.accounts[name]
            units = floor(account.held * over[name] / worth[name])
            if units and not any(order < 0 for order, _ in account.orders):
                account.orders.append((-units, True))
        self.underway = (why, step, over, under)

    def move(self, step: int, why: str, decided: int, over: Cents, under: Cents) -> None:
        before = self.worth(step)
        gives = {name: Fraction(floor(min(self.free(name, step), most) * 100), 100) for name, most in over.items()}
        takes = _largest_remainder(sum(gives.values(), Fraction(0)), under)
        for name, amount in [*((giver, -gift) for giver, gift in gives.items()), *takes.items()]:
            if name == RESERVE:
                self.reserve += amount
            else:
                self.accounts[name].cash += amount
        after = self.worth(step)
        if any(takes.values()):
            self.rebalances.append((why, _date(decided).isoformat(), before, after))
        for name, account in self.accounts.items():
            units = floor(account.held * takes.get(name, Fraction(0)) / before[name])
            if units and not any(order < 0 for order, _ in account.orders):
                account.orders.append((units, True))

    def free(self, name: str, step: int) -> Fraction:
        if name == RESERVE:
            return self.reserve
        account = self.accounts[name]
        price = self.on.closes[self.on.wants[name].symbol][step]
        return max(Fraction(0), account.cash - sum(max(0, units) * price for units, _ in account.orders))


def _largest_remainder(total: Fraction, parts: Cents) -> Cents:
    whole = sum(parts.values())
    cents = {name: total * 100 * part / whole for name, part in parts.items()}
    split = {name: floor(each) for name, each in cents.items()}
    for name in sorted(parts, key=lambda name: split[name] - cents[name])[: int(total * 100) - sum(split.values())]:
        split[name] += 1
    return {name: Fraction(each, 100) for name, each in split.items()}


def _date(step: int) -> Any:
    return datetime.fromtimestamp(START // 10**9, UTC).date() + timedelta(days=step)


def _number(step: int, period: Period) -> object:
    date = _date(step)
    return {
        "day": date,
        "week": date.isocalendar()[:2],
        "month": (date.year, date.month),
        "quarter": (date.year, (date.month - 1) // 3),
        "year": date.year,
    }[period]


def _lines(simulator: Simulator) -> list[tuple[str, str, dict[str, float], dict[str, float]]]:
    return [(why, date, _floats(before), _floats(after)) for why, date, before, after in simulator.rebalances]


def _floats(amounts: Cents) -> dict[str, float]:
    return {name: round(float(amount), 2) for name, amount in sorted(amounts.items())}


def _stored(done: HarnessRun) -> list[tuple[str, str, dict[str, float], dict[str, float]]]:
    return [
        (
            line["why"],
            line["bar_date"],
            line["before"] | {RESERVE: line["reserve"]["before"]},
            line["after"] | {RESERVE: line["reserve"]["after"]},
        )
        for line in journal(done)
    ]


@pytest.mark.uncounted
@whole_runs(20)
@given(
    seed=st.integers(0, 10_000),
    period=st.sampled_from([None, "day", "week", "month"]),
    threshold=st.sampled_from([None, "0.01", "0.03", "0.08"]),
    at_close=st.booleans(),
)
def test_as_an_independent_simulator(seed: int, period: Period | None, threshold: str | None, at_close: bool) -> None:
    on = Random(seed)
    plan, rules = rebalancing(period, threshold), AT_CLOSE if at_close else PLAIN
    jumping, dense = (run(on.market, on.parts, plan, rules, full=full) for full in ((), ("in_memory",)))
    assume(not any(each.resized or each.blocked for each in dense.results.values()))
    assert trades(jumping) == trades(dense)
    assert journal(jumping) == journal(dense)
    simulator = Simulator(on, period, None if threshold is None else Fraction(threshold), at_close)
    assert trades(dense) == [(*trade[:4], float(trade[4]), trade[5]) for trade in simulator.trades]
    lines = _stored(dense)
    assert lines == _lines(simulator)
    for _, _, before, after in lines:
        assert round(sum(before.values()) - sum(after.values()), 6) == 0
    for name, account in simulator.accounts.items():
        assert dense.orchestrator.strategies[name].book.cash == pytest.approx(float(account.cash), abs=1e-6)
    assert dense.orchestrator.capital_manager.reserve.cash == pytest.approx(float(simulator.reserve), abs=1e-6)
    for result in dense.results.values():
        grown = result.earned[1:] - result.earned[:-1]
        moved = np.zeros(BARS) if result.transfers is None else result.transfers.flows
        assert result.equity[1:] - result.equity[:-1] - moved[1:] == pytest.approx(grown, abs=1e-6)


def test_the_random_portfolios_are_rebalanced() -> None:
    """Else the comparison would say little."""
    done = [run(Random(seed).market, Random(seed).parts, rebalancing("week", "0.03")) for seed in range(4)]
    reasons = [line["why"] for each in done for line in journal(each)]
    assert reasons.count("week") >= 10
    assert reasons.count("threshold") >= 10
    assert sum(trade[-1] for each in done for trade in trades(each)) > 40


@pytest.mark.parametrize("seed", [3, 4])
@pytest.mark.parametrize("at_close", [False, True], ids=["next_open", "close"])
def test_real_engines_do_the_same_fed_in_full_or_not(seed: int, at_close: bool) -> None:
    on, plan, rules = Random(seed), rebalancing("week", "0.03"), AT_CLOSE if at_close else PLAIN
    expected = run(on.market, on.parts, plan, rules)
    assert len(journal(expected)) > 5
    for frameworks in (("backtrader",) * 3, ("nautilus",) * 3, ("backtrader", "nautilus", "backtrader")):
        own = zip(on.parts.items(), frameworks, strict=True)
        parts = {name: replace(part, framework=framework) for (name, part), framework in own}
        for full in ((), frameworks):
            done = run(on.market, parts, plan, rules, full=full)
            assert trades(done) == trades(expected)
            assert journal(done) == journal(expected)
