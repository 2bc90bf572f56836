"""Random markets in several currencies, and what flags on them come to by plain arithmetic."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pytest

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.bars import Bars
from orchestrate.domain.market.timeline import Floats, Market
from orchestrate.domain.orders.execution import FillRule
from orchestrate.domain.strategies.protocols import Context, Signal, Signals
from tests.engines.builders import market_of, series
from tests.orchestration.harness import HarnessRun
from tests.orchestration.instruments.plain_books import Account, Outcome, Symbol

DAYS = 60
CAPITAL = 1_000_000
RATES = {"A": "R", "B": "Q", "C": ""}
INSTRUMENTS = {
    "A": Instrument("A", currency="EUR", fx="R"),
    "B": Instrument("B", currency="JPY", fx="Q", asset_class="future", multiplier=10.0, margin_rate=0.1, borrow=0.05),
    "C": Instrument("C", borrow=0.31),
    "R": Instrument("R", precision=4),
    "Q": Instrument("Q", precision=6),
}


class Wanted:
    """Where each symbol's flags want to be: 1 long, -1 short, 0 out."""

    def __init__(self, flags: dict[int, Sequence[int]]) -> None:
        self.flags = flags

    def signals(self, bars: Bars) -> Signals:
        flags = np.array(self.flags[round(bars[0].open * 100)])
        return Signals(flags > 0, flags <= 0, flags < 0, flags >= 0)


class Turning:
    """The same as `on_bar`, which turns from one side to the other at once."""

    def __init__(self, wanted: Mapping[str, Sequence[int]]) -> None:
        self.wanted = wanted

    def on_bar(self, context: Context) -> Iterator[Signal]:
        for symbol in context.updated:
            flag, position = self.wanted[symbol][len(context.bars(symbol)) - 1], context.position(symbol)
            now = 0 if position is None else 1 if position.quantity > 0 else -1
            if now and flag != now:
                yield Signal.exit(symbol)
            if flag and flag != now:
                yield Signal.enter(symbol, "long" if flag > 0 else "short")


@dataclass
class Case:
    """A market, and where its strategies want to be."""

    market: Market
    wanted: dict[str, list[int]]
    days: dict[str, list[int]]

    def expected(self, fill: FillRule, *, turns: bool = False) -> Outcome:
        symbols = {}
        for name, rate in RATES.items():
            bars, instrument = self.market.series[name], INSTRUMENTS[name]
            rows = {day: row for row, day in enumerate(self.days[name])}
            flags = [self.wanted[name][rows[day]] if day in rows else 0 for day in range(DAYS)]
            rates = [Decimal(str(value)) for value in self.market.series[rate].close.tolist()] if rate else None
            symbols[name] = Symbol(
                by_day(bars.open, rows),
                by_day(bars.close, rows),
                flags,
                rates,
                Decimal(str(instrument.multiplier)),
                instrument.moves_cash_by_notional,
                Decimal(str(instrument.borrow)),
            )
        return Account(symbols, Decimal("0.4"), Decimal("0.1"), Decimal(CAPITAL), fill == "close", turns).run()


def by_day(values: Floats, rows: Mapping[int, int]) -> list[Decimal | None]:
    return [Decimal(str(float(values[rows[day]]))) if day in rows else None for day in range(DAYS)]


def case(seed: int) -> Case:
    dice = random.Random(seed)

    def path(price: float, digits: int) -> list[tuple[float, float]]:
        bars = []
        for _ in range(DAYS):
            opened = round(price * (1 + dice.uniform(-0.02, 0.02)), digits)
            price = round(opened * (1 + dice.uniform(-0.03, 0.03)), digits)
            bars.append((opened, price))
        return bars

    days = {name: [day for day in range(DAYS) if not day or dice.random() < 0.85] for name in "ABC"}
    made = [series("R", path(1.1, 4)), series("Q", path(0.0091, 6))]
    for name, price in {"A": 40.0, "B": 9000.0, "C": 70.0}.items():
        bars = path(price, 2)
        made.append(series(name, [bars[day] for day in days[name]], days=days[name]))
    wanted = {name: [dice.choice((-1, 0, 0, 1)) if dice.random() < 0.4 else 9 for _ in days[name]] for name in days}
    for flags in wanted.values():
        for row, flag in enumerate(flags):
            if flag == 9:
                flags[row] = flags[row - 1] if row else 0
    return Case(market_of(*made, **INSTRUMENTS), wanted, days)


def flags_of(made: Case) -> dict[int, Sequence[int]]:
    """Return the flags by the first open of each symbol, which no two of them share."""
    return {round(made.market.series[name].open[0] * 100): own for name, own in made.wanted.items()}


def require(done: HarnessRun, expected: Outcome) -> None:
    """Compare every strategy of a run with the arithmetic: fills, fees, trades, equity at each close."""
    assert len(expected.profits) > 10
    assert expected.fees > sum(fee for *_, fee in expected.fills)
    for name, result in done.results.items():
        fills = [
            (record.fill.symbol, record.fill.quantity, record.fill.price, pytest.approx(record.fill.fee, rel=1e-9))
            for record in done.orchestrator.fills
            if record.fill.strategy_id == name
        ]
        due = [(symbol, float(quantity), float(price), float(fee)) for symbol, quantity, price, fee in expected.fills]
        assert sorted(due, key=lambda one: one[:3]) == sorted(fills, key=lambda one: one[:3])
        assert result.equity.tolist() == pytest.approx([float(one) for one in expected.equity], rel=1e-12, abs=1e-6)
        assert result.fees == pytest.approx(float(expected.fees), rel=1e-9)
        assert sum(trade.profit for trade in result.trades) == pytest.approx(float(sum(expected.profits)), abs=1e-5)
