"""The expected result of a run, computed from docs/reference in Decimal, with nothing of `orchestrate`.

One symbol, long only. Flags say where the strategy wants in and out; everything else happens here.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal
from pathlib import Path

ZERO = Decimal(0)
SAME = Decimal("1e-9")


@dataclass
class Prices:
    """A file's bars as they stand there."""

    labels: list[int]
    opens: list[Decimal]
    closes: list[Decimal]


def read(path: Path, first: str = "", last: str = "9999") -> Prices:
    """Bars whose stamp lies in first..last, compared as text."""
    prices = Prices([], [], [])
    with path.open() as file:
        for row in csv.DictReader(file):
            if first <= row["timestamp"][:10] <= last:
                moment = datetime.fromisoformat(row["timestamp"].replace("Z", "+00:00"))
                prices.labels.append(int(moment.timestamp()) * 1_000_000_000)
                prices.opens.append(Decimal(row["open"]))
                prices.closes.append(Decimal(row["close"]))
    return prices


@dataclass(frozen=True)
class Terms:
    """Costs and the nature of the instrument."""

    percent: Decimal = Decimal(95)
    at_close: bool = False
    fee_percent: Decimal = ZERO
    fee_per_share: Decimal = ZERO
    fee_minimum: Decimal = ZERO
    slip_percent: Decimal = ZERO
    slip_ticks: Decimal = ZERO
    tick: Decimal = Decimal("0.01")
    multiplier: Decimal = Decimal(1)
    margin: Decimal = Decimal(1)
    pays_notional: bool = True
    lot: Decimal = Decimal(1)

    @property
    def maintenance(self) -> Decimal:
        """The share of a position's value below which its account may not fall: none where nothing is lent."""
        return ZERO if self.pays_notional else self.margin * Decimal("0.8")

    def price(self, raw: Decimal, side: int) -> Decimal:
        """After slippage, on the tick that is worse for the trader; untouched where there is none."""
        if not self.slip_percent and not self.slip_ticks:
            return raw
        moved = raw + side * (raw * self.slip_percent / 100 + self.slip_ticks * self.tick)
        return (moved / self.tick).to_integral_value(ROUND_CEILING if side > 0 else ROUND_FLOOR) * self.tick

    def fee(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Once an order."""
        per_notional = quantity * price * self.multiplier * self.fee_percent / 100
        return max(per_notional + quantity * self.fee_per_share, self.fee_minimum)

    def whole_lots(self, quantity: Decimal) -> Decimal:
        """Rounded down."""
        return (quantity / self.lot).to_integral_value(ROUND_DOWN) * self.lot

    def cut(self, quantity: Decimal, price: Decimal, money: Decimal) -> Decimal:
        """As much of `quantity` as `money` pays for, fee included: an estimate from above, then lot by lot down."""
        each = price * self.multiplier * self.margin
        estimate = self.whole_lots(max(ZERO, money) / (each + price * self.multiplier * self.fee_percent / 100))
        quantity = min(quantity, estimate)
        while quantity > 0 and quantity * each + self.fee(quantity, price) > money:
            quantity -= self.lot
        return max(ZERO, quantity)


@dataclass
class Outcome:
    """Trades as (entered, exited, quantity, entry price, exit price, profit); equity at every close."""

    trades: list[tuple[int, int, Decimal, Decimal, Decimal, Decimal]] = field(default_factory=list)
    equity: list[Decimal] = field(default_factory=list)
    cuts_at_open: int = 0
    fills: int = 0
    calls: int = 0
    ruined: bool = False


@dataclass
class _Holding:
    cash: Decimal
    quantity: Decimal = ZERO
    price: Decimal = ZERO
    fee: Decimal = ZERO
    since: int = 0


def simulate(prices: Prices, enter: Sequence[bool], leave: Sequence[bool], terms: Terms, capital: Decimal) -> Outcome:
    """The whole run."""
    outcome, book = Outcome(), _Holding(capital)
    wanted: Decimal | None = None  # a buy of so many, or 0 for a sale of everything
    last = len(prices.labels) - 1
    for bar, (label, opened, closed) in enumerate(zip(prices.labels, prices.opens, prices.closes, strict=True)):
        if wanted is not None:
            _fill(book, wanted, opened, label, terms, outcome)
            wanted = None
        if outcome.ruined:
            pass
        elif book.quantity and leave[bar]:
            wanted = ZERO
        elif not book.quantity and enter[bar] and not leave[bar]:
            price = terms.price(closed, 1)
            ideal = terms.whole_lots(book.cash * terms.percent / 100 / (closed * terms.multiplier))
            wanted = terms.cut(ideal, price, book.cash) or None
        if wanted is not None and terms.at_close:
            _fill(book, wanted, closed, label, terms, outcome)
            wanted = None
        equity = _equity(book, closed, terms)
        outcome.equity.append(equity)
        if bar < last and book.quantity and not outcome.ruined:
            outcome.ruined = equity <= 0
            if outcome.ruined or equity < book.quantity * abs(closed) * terms.multiplier * terms.maintenance:
                outcome.calls += not outcome.ruined
                wanted = ZERO
    return outcome


def _fill(book: _Holding, wanted: Decimal, raw: Decimal, label: int, terms: Terms, outcome: Outcome) -> None:
    if wanted:
        price = terms.price(raw, 1)
        quantity = terms.cut(wanted, price, book.cash)
        outcome.cuts_at_open += quantity != wanted
        if not quantity:
            return
        book.quantity, book.price, book.fee, book.since = quantity, price, terms.fee(quantity, price), label
        book.cash -= book.fee
        if terms.pays_notional:
            book.cash -= quantity * price * terms.multiplier
    else:
        price, quantity = terms.price(raw, -1), book.quantity
        fee = terms.fee(quantity, price)
        gain = (price - book.price) * quantity * terms.multiplier
        book.cash += (quantity * price * terms.multiplier if terms.pays_notional else gain) - fee
        outcome.trades.append((book.since, label, quantity, book.price, price, gain - fee - book.fee))
        book.quantity = ZERO
    outcome.fills += 1


def _equity(book: _Holding, close: Decimal, terms: Terms) -> Decimal:
    worth = close if terms.pays_notional else close - book.price
    return book.cash + book.quantity * worth * terms.multiplier


# ---- the rules of section 7


def buy_and_hold(closes: Sequence[Decimal]) -> tuple[list[bool], list[bool]]:
    """An order on the first bar."""
    return [bar == 0 for bar in range(len(closes))], [False] * len(closes)


def momentum(closes: Sequence[Decimal], fast: int, slow: int) -> tuple[list[bool], list[bool]]:
    """Crossings of two simple averages, exactly computed; those within 1e-9 are equal."""
    sums = [ZERO]
    for close in closes:
        sums.append(sums[-1] + close)
    ahead: list[Decimal | None] = []
    for bar in range(1, len(closes) + 1):
        known = bar >= slow
        ahead.append((sums[bar] - sums[bar - fast]) / fast - (sums[bar] - sums[bar - slow]) / slow if known else None)
    enter, leave = [False], [False]
    for before, now in itertools.pairwise(ahead):
        both = before is not None and now is not None
        enter.append(bool(both and before <= SAME and now > SAME))  # type: ignore[operator]  # both are numbers
        leave.append(bool(both and before >= -SAME and now < -SAME))  # type: ignore[operator]  # `both` says so
    return enter, leave


def rsi(closes: Sequence[Decimal], period: int, below: float, above: float) -> tuple[list[bool], list[bool]]:
    """Wilder's index, seeded by the mean of the first `period` changes."""
    values: list[float | None] = [None] * min(period, len(closes))
    gain = loss = ZERO
    for bar in range(1, len(closes)):
        change = closes[bar] - closes[bar - 1]
        up, down = max(change, ZERO), max(-change, ZERO)
        if bar <= period:
            gain, loss = gain + up / period, loss + down / period
        else:
            gain, loss = (gain * (period - 1) + up) / period, (loss * (period - 1) + down) / period
        if bar >= period:
            quiet = 50.0 if not gain else 100.0
            values.append(quiet if not loss else 100.0 - 100.0 / (1.0 + float(gain / loss)))
    return [v is not None and v < below for v in values], [v is not None and v > above for v in values]
