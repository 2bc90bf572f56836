"""Random portfolios: no account stays below its maintenance, no opening breaks initial margin, jumps change nothing.

A few in the suite; ORCHESTRATE_PORTFOLIOS=1000 takes more.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from decimal import Decimal
from random import Random

import pytest

from orchestrate.domain.events import AccountRuinedEvent, MarginCalledEvent
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.plan import Sizing
from orchestrate.domain.results import FillRecord
from tests.engines.builders import market_of, series
from tests.orchestration.harness import Flags, HarnessRun, Part, run_harness
from tests.orchestration.margin.plain_margin import Moment, PlainAccount, initial_rate, moments, rate_of

MANY = int(os.environ.get("ORCHESTRATE_PORTFOLIOS", "25"))
STEPS = 40
GRAIN = 1e-6


def a_market(chance: Random, *, foreign: bool = False) -> Market:
    """Two or three wild symbols, some with gaps between their bars or an early end, where `foreign` some in
    the currency of R.
    """
    kinds, all_series = {}, []
    for symbol in "ABC"[: chance.randint(2, 3)]:
        asset_class = chance.choice(["equity", "future", "fx", "cfd", "equity"])
        margined = asset_class != "equity"
        kinds[symbol] = Instrument(
            symbol,
            multiplier=chance.choice([1.0, 1.0, 10.0]),
            margin_rate=chance.choice([0.05, 0.1, 0.5] if margined else [0.5, 1.0]),
            asset_class=asset_class,
            maintenance_rate=chance.choice([None, None, 0.04]),
            fx=chance.choice(["", "R"]) if foreign else "",
        )
        days = sorted(chance.sample(range(STEPS), STEPS - chance.choice([0, 0, 8])))
        close, bars = 50.0, []
        for _ in days:
            opened = max(1.0, round(close * chance.uniform(0.93, 1.08), 2))
            close = max(1.0, round(opened * chance.uniform(0.88, 1.13), 2))
            bars.append((opened, close))
        all_series.append(series(symbol, bars, days=days))
    if not foreign:
        return market_of(*all_series, **kinds)
    rates = [round(chance.uniform(0.7, 0.8) if step % 7 else chance.uniform(0.6, 0.9), 4) for step in range(STEPS)]
    return market_of(*all_series, series("R", [(9.0, rate) for rate in rates]), **kinds)


def some_parts(chance: Random, market: Market) -> dict[str, Part]:
    parts = {}
    for name in ("s", "t", "u")[: chance.randint(1, 3)]:
        flags = [sorted(chance.sample(range(STEPS), chance.randint(1, 6))) for _ in range(4)]
        symbols = tuple(chance.sample(sorted({*market.series} - {"R"}), chance.randint(1, 2)))
        percent = Decimal(chance.choice([60, 95, 300, 900]))
        parts[name] = Part(Flags(*flags), symbols=symbols, pct=30, sizing=Sizing("percent", percent))
    return parts


def some_rules(chance: Random) -> ExecutionRules:
    return ExecutionRules(
        fill=chance.choice(["next_open", "close"]),
        commission=chance.choice([Commission(), Commission(percent=0.1), Commission(minimum=2.0)]),
        slippage=chance.choice([Slippage(), Slippage(percent=0.2)]),
        lots=chance.choice(["integer", "fractional"]),
    )


def run(seed: int, *, full: bool) -> tuple[Market, ExecutionRules, bool, HarnessRun]:
    chance = Random(seed)
    market, rules, pooled = a_market(chance, foreign=True), some_rules(chance), chance.random() < 0.4
    how = {"full": ["in_memory"] if full else [], "pooled": pooled, "capital": 100_000}
    return market, rules, pooled, run_harness(market, some_parts(chance, market), rules, **how)


def accounts(market: Market, pooled: bool, done: HarnessRun) -> Mapping[str, PlainAccount]:
    """By the strategy; those of a pool are one."""
    if pooled:
        return dict.fromkeys(done.results, PlainAccount(market, 100_000.0))
    return {name: PlainAccount(market, 30_000.0) for name in done.results}


class Check:
    """One portfolio, step by step, against plain arithmetic. `closing` are the positions that are called or ruined."""

    def __init__(self, seed: int) -> None:
        self.market, self.rules, self.pooled, self.done = run(seed, full=False)
        self.books, self.ends = accounts(self.market, self.pooled, self.done), self.market.timeline.ends.steps
        self.calls = {(event.t, event.strategy_id, event.symbol) for event in self.done.of(MarginCalledEvent)}
        self.ruins = {event.t for event in self.done.of(AccountRuinedEvent)}
        self.ruined: set[str] = set()
        self.closing: set[tuple[str, str]] = set()

    def run_through(self) -> int:
        """Check each step; return the number of calls and ruins."""
        for now in moments(self.market, self.done.orchestrator.fills):
            for record in now.fills:
                self.fill(record, now)
            for book in {id(book): book for book in self.books.values()}.values():
                self.mark(book, now)
        return len(self.calls) + len(self.ruins)

    def fill(self, record: FillRecord, now: Moment) -> None:
        """An opening is paid for, and is of an account without a call; what is called is closed for that reason."""
        fill, book = record.fill, self.books[record.fill.strategy_id]
        place = fill.strategy_id, fill.symbol
        at_close = self.rules.fill == "close" and str(record.reason) not in ("margin_call", "ruined")
        prices = now.closes if at_close else now.opens
        if not record.closing:
            instrument = self.market.instruments[fill.symbol]
            held = abs(fill.quantity * fill.price) * instrument.multiplier * initial_rate(instrument, fill.quantity)
            held *= rate_of(instrument, prices)
            free = book.free(prices)
            assert free + GRAIN >= held + fill.fee, record
            shut = {name for name, _ in self.closing} | self.ruined
            assert not (shut if self.pooled else shut & {fill.strategy_id}), record
        elif place in self.closing:
            self.closing.discard(place)
            assert str(record.reason) in ("margin_call", "ruined"), record
        book.take(record, prices)

    def mark(self, book: PlainAccount, now: Moment) -> None:
        """An account that keeps too little is called, as much as is needed; no other is."""
        owners = {name for name, own in self.books.items() if own is book}
        if owners <= self.ruined or not book.held:
            return
        equity, called = book.equity(now.closes), {(n, s) for t, n, s in self.calls if t == now.label and n in owners}
        if equity <= 1e-9:
            assert now.label in self.ruins, now.step
            self.ruined |= owners
            self.closing |= {place for place in book.held if self.ends[place[1]] > now.step}
        elif equity < book.required(now.closes, without=self.closing) * (1 - 1e-9):
            callable_now = {p for p in book.held if p not in self.closing and self.ends[p[1]] > now.step}
            assert bool(called) == bool(callable_now), now.step
            self.closing |= called
            left = book.required(now.closes, without=self.closing)
            assert called == callable_now or equity >= left * (1 - 1e-9), now.step
        else:
            assert not called, now.step


@pytest.mark.parametrize("part", range(5))
def test_no_account_stays_below_maintenance_and_no_opening_breaks_margin(part: int) -> None:
    assert sum(Check(seed).run_through() for seed in range(part, MANY, 5))


@pytest.mark.parametrize("part", range(5))
def test_a_run_that_jumps_is_called_as_one_that_visits_every_bar(part: int) -> None:
    for seed in range(part, MANY, 5):
        (*_, jumped), (*_, dense) = run(seed, full=False), run(seed, full=True)
        assert jumped.orchestrator.fills == dense.orchestrator.fills
        for kind in (MarginCalledEvent, AccountRuinedEvent):
            assert jumped.of(kind) == dense.of(kind), seed
        for name, result in jumped.results.items():
            assert result.equity.tolist() == dense.results[name].equity.tolist()
            assert result.status == dense.results[name].status
