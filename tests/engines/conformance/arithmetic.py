"""Random runs, and what they must come to by schoolbook arithmetic in Decimal. Nothing here asks the domain's rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np
from hypothesis import strategies as st

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.orders.order import Order
from tests.engines.builders import market_of, order, series

COMMISSIONS = [
    Commission(),
    Commission(percent=0.1),
    Commission(per_share=0.005, minimum=1.0),
    Commission(percent=0.25, minimum=3.5),
]
SLIPPAGES = [Slippage(), Slippage(ticks=1), Slippage(ticks=3), Slippage(percent=0.05)]
INSTRUMENTS = [
    Instrument("B"),
    Instrument("B", precision=5, asset_class="fx"),
    Instrument("B", multiplier=50.0, tick_size=0.25, asset_class="future"),
    Instrument("B", precision=0, multiplier=0.1, asset_class="cfd"),
]


@dataclass
class Run:
    """A market, its rules, and orders by step, none of which crosses zero."""

    market: Market
    rules: ExecutionRules
    script: dict[int, list[Order]]


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """Two symbols of different calendars, two strategies, up to a dozen orders."""
    second = draw(st.sampled_from(INSTRUMENTS))
    rules = ExecutionRules(
        fill=draw(st.sampled_from(["next_open", "close"])),
        commission=draw(st.sampled_from(COMMISSIONS)),
        slippage=draw(st.sampled_from(SLIPPAGES)),
        lots=draw(st.sampled_from(["integer", "fractional"])),
    )
    seed = draw(st.integers(0, 10_000))
    dice = np.random.default_rng(seed)
    opens, closes = 50 + 100 * dice.random((2, 12))
    first = series("A", list(zip(np.round(opens, 2), np.round(closes, 2), strict=True)))
    digits = 2 if second.tick_size else second.precision
    tick = second.tick_size or 10.0**-digits
    other = [
        (round(round(x / tick) * tick, digits), round(round(y / tick) * tick, digits))
        for x, y in zip(closes, opens, strict=True)
    ]
    days = sorted(dice.choice(14, size=8, replace=False).tolist())
    market = market_of(first, series("B", other[:8], days=days), B=second)
    scale = 1 if rules.lots == "integer" else 1_000_000
    sizes = st.integers(-900 * scale, 900 * scale).filter(bool).map(lambda units: Decimal(units) / scale)
    wishes = draw(
        st.lists(st.tuples(st.integers(0, 13), st.sampled_from("AB"), st.sampled_from("xy"), sizes), max_size=12)
    )
    return Run(market, rules, _script(market, sorted(wishes, key=lambda wish: wish[0])))


def _script(market: Market, wishes: list[tuple[int, str, str, Decimal]]) -> dict[int, list[Order]]:
    held: dict[tuple[str, str], Decimal] = {}
    script: dict[int, list[Order]] = {}
    for number, (step, symbol, strategy_id, wished) in enumerate(wishes):
        if step >= len(market.timeline) or market.timeline.rows[symbol][step] < 0:
            continue
        before = held.get((strategy_id, symbol), Decimal(0))
        size = -before if before * wished < 0 and abs(wished) > abs(before) else wished
        held[strategy_id, symbol] = before + size
        script.setdefault(step, []).append(order(f"o{number}", float(size), symbol, strategy_id))
    return script


@dataclass
class Expected:
    """Prices and fees by order; profit realised net of fees and holdings after each step with orders."""

    prices: list[float] = field(default_factory=list)
    fees: list[float] = field(default_factory=list)
    realised: list[float] = field(default_factory=list)
    held: list[dict[str, float]] = field(default_factory=list)


def worked_out(run: Run) -> Expected:
    """By average cost, each strategy and symbol for itself."""
    expected = Expected()
    lots: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}  # quantity, what it cost in all
    realised = Decimal(0)
    for step, orders in run.script.items():
        for each in orders:
            instrument = run.market.instruments[each.symbol]
            quantity, multiplier = Decimal(repr(each.quantity)), Decimal(repr(instrument.multiplier))
            price = _price(run, each, step)
            fee = _fee(run.rules.commission, quantity, price * multiplier)
            held, cost = lots.get((each.strategy_id, each.symbol), (Decimal(0), Decimal(0)))
            realised -= fee
            if held * quantity < 0:
                released = cost * -quantity / held
                realised += (-quantity * price - released) * multiplier
                cost -= released
            else:
                cost += quantity * price
            lots[each.strategy_id, each.symbol] = (held + quantity, cost)
            expected.prices.append(float(price))
            expected.fees.append(float(fee))
        expected.realised.append(float(realised))
        net = {symbol: sum(held for (_, name), (held, _) in lots.items() if name == symbol) for symbol in "AB"}
        expected.held.append({symbol: float(quantity) for symbol, quantity in net.items() if quantity})
    return expected


def _price(run: Run, each: Order, step: int) -> Decimal:
    instrument, slippage = run.market.instruments[each.symbol], run.rules.slippage
    column = getattr(run.market.series[each.symbol], "open" if run.rules.fill == "next_open" else "close")
    raw = Decimal(repr(float(column[run.market.timeline.rows[each.symbol][step]])))
    tick = Decimal(repr(instrument.tick_size)) if instrument.tick_size else Decimal(1).scaleb(-instrument.precision)
    against = 1 if each.quantity > 0 else -1
    moved = raw * (1 + against * Decimal(repr(slippage.percent)) / 100) + against * Decimal(repr(slippage.ticks)) * tick
    return (moved / tick).to_integral_value(ROUND_CEILING if against > 0 else ROUND_FLOOR) * tick


def _fee(commission: Commission, quantity: Decimal, worth_of_one: Decimal) -> Decimal:
    percent, per_share, minimum = (
        Decimal(repr(value)) for value in (commission.percent, commission.per_share, commission.minimum)
    )
    return max(abs(quantity) * worth_of_one * percent / 100 + abs(quantity) * per_share, minimum)
