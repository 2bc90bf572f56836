"""Random runs of orders of all kinds over random bars with gaps, and a strategy that says them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain
from random import Random
from typing import Any

from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.orders.order import OrderUpdate
from orchestrate.domain.strategies.protocols import Context, Signal
from tests.engines.builders import market_of
from tests.engines.conformance.resting import bars
from tests.portable_orders.funds import Fees, FundedSimulation, Funds, Pool, PooledSimulation
from tests.portable_orders.reference import CENT, Bar, Operation, Simulation, waits

SYMBOLS = ("A", "B")
FIRST = date(2020, 1, 1)
#: Of a unit of price.
TENTHS = 1_000
NEAR = 60


@dataclass
class Case:
    """Bars by step and symbol, operations by step, and the rules."""

    bars: list[dict[str, Bar]]
    operations: list[list[Operation]]
    at_close: bool
    slip_ticks: int
    fees: Fees = field(default_factory=Fees)

    @property
    def market(self) -> Market:
        columns: dict[str, list[Bar]] = {symbol: [] for symbol in SYMBOLS}
        for step in self.bars:
            for symbol, bar in step.items():
                columns[symbol].append(bar)
        return market_of(
            *(
                bars([_prices(bar) for bar in column], symbol, [bar.day for bar in column])
                for symbol, column in columns.items()
                if column
            )
        )

    @property
    def rules(self) -> ExecutionRules:
        fees = Commission(percent=self.fees.thousandths / 10, minimum=self.fees.minimum / TENTHS)
        return ExecutionRules("close" if self.at_close else "next_open", fees, Slippage(ticks=self.slip_ticks))

    def simulated(self, capital: int = 0) -> Simulation:
        """What the reference makes of it, with so much capital or without end of money.

        Operations whose side it finds out are completed.
        """
        simulation = Simulation(self.at_close, self.slip_ticks)
        if capital:
            simulation = FundedSimulation(
                self.at_close, self.slip_ticks, Funds.of(capital * TENTHS, self.fees), self.fees
            )
        for step, (now, operations) in enumerate(zip(self.bars, self.operations, strict=True)):
            later = {symbol for bars_then in self.bars[step + 1 :] for symbol in bars_then}
            simulation.take(step, now, operations, set(SYMBOLS) - later)
        return simulation


def _prices(bar: Bar) -> tuple[float, float, float, float]:
    return bar.open / TENTHS, bar.high / TENTHS, bar.low / TENTHS, bar.close / TENTHS


class Maker:
    """Throws a case; quantities are so many `units` and more, some bars open with a `gap` of so many cents at most.

    Tags begin with `name`.
    """

    def __init__(self, seed: int, gap: int = 8, units: int = 1, name: str = "t") -> None:
        self.dice, self.gap, self.units, self.name = Random(seed), gap, units, name
        self.closes: dict[str, int] = {}
        self.tagged: dict[str, Operation] = {}
        self.on_way: list[str] = []

    def case(self) -> Case:
        dice = self.dice
        steps, spoken = [], []
        busy = dice.choice([0.3, 0.6, 0.9])
        for day in range(dice.randint(6, 16)):
            now = self._bars(day)
            if now:
                steps.append(now)
                spoken.append(self.operations(day, now, busy))
        return Case(steps, spoken, dice.random() < 0.5, dice.choice([0, 0, 1, 3]))

    def operations(self, day: int, now: Mapping[str, Bar], busy: float) -> list[Operation]:
        """What a strategy says at a step that has these bars."""
        dice = self.dice
        self.on_way = [tag for tag in self.on_way if self.tagged[tag]["symbol"] not in now]
        self.closes |= {symbol: bar.close for symbol, bar in now.items()}
        return _one_sided([self._any(day) for _ in range(dice.randint(1, 3)) if dice.random() < busy])

    def _bars(self, day: int) -> dict[str, Bar]:
        now = {}
        for symbol in SYMBOLS:
            if self.dice.random() < 0.8 or not self.closes:
                now[symbol] = self._bar(day, self.closes.get(symbol, 1_000 * CENT))
                self.closes[symbol] = now[symbol].close
        return now

    def _bar(self, day: int, last: int) -> Bar:
        dice = self.dice
        start = last + CENT * (dice.randint(-self.gap, self.gap) if dice.random() < 0.4 else dice.randint(-1, 1))
        end = start + CENT * dice.randint(-4, 4)
        high, low = max(start, end) + CENT * dice.randint(0, 4), min(start, end) - CENT * dice.randint(0, 4)
        return Bar(day, start, high, low, end)

    def _any(self, day: int) -> Operation:
        dice = self.dice
        symbol = dice.choice(list(self.closes))
        kind = dice.choices(
            ["enter", "exit", "add", "target", "cancel", "replace", "oco"], weights=[30, 25, 10, 6, 8, 11, 10]
        )[0]
        if kind in ("cancel", "replace") and not self.tagged:
            kind = "enter"
        if self.on_way and dice.random() < 0.5:
            return {"do": "replace", "name": dice.choice(self.on_way), "q": self.units * dice.randint(1, 12)}
        if kind in ("enter", "exit", "add"):
            return self._order(kind, symbol, day)
        if kind == "target":
            return {"do": "target", "symbol": symbol, "q": self.units * dice.randint(-12, 12)}
        if kind == "oco":
            one = dice.choice(["enter", "exit", "add"])
            other = one if dice.random() < 0.8 else dice.choice(["exit", "add"])
            legs = [self._order(leg, symbol, day, rests=True) for leg in (one, other)]
            return {"do": "oco", "symbol": symbol, "a": legs[0], "b": legs[1]}
        if kind == "cancel":
            return {"do": "cancel", "name": dice.choice(self._names())}
        return self._replacement()

    def _names(self) -> list[str]:
        return [name for tag in self.tagged for name in (tag, f"{tag}.stop_loss", f"{tag}.take_profit")]

    def _near(self, price: int, least: int = -NEAR, most: int = NEAR) -> int:
        """A price near another; mostly in whole cents."""
        near = price + self.dice.randint(least, most)
        return near if self.dice.random() < 0.3 else near - near % CENT

    def _order(self, kind: str, symbol: str, day: int, *, rests: bool = False) -> Operation:
        dice, close = self.dice, self.closes[symbol]
        one: Operation = {"do": kind, "symbol": symbol, "tag": f"{self.name}{len(self.tagged)}"}
        if kind == "enter":
            one["side"] = dice.choice([1, -1])
        if kind != "exit" or dice.random() < 0.5:
            one["q"] = self.units * dice.randint(1, 12)
        how = dice.choice(["limit", "stop", "trail", "stop_limit"] + ([] if rests else ["market"] * 3))
        if how in ("limit", "stop"):
            one[how] = self._near(close)
        if how == "trail":
            one["trail"] = dice.randint(1, 60)
        if how == "stop_limit":
            one["stop"] = self._near(close)
            give = dice.choice([0, 10, 25, 40])
            if kind == "enter":
                one["limit"] = one["stop"] + one["side"] * give
            else:
                one["give"] = give
        if how == "market":  # it stays on its way while its symbol has no bar
            self.on_way.append(one["tag"])
        elif dice.random() < 0.3:
            one["tif"] = dice.choice(["day", "until"])
            if one["tif"] == "until":
                one["until"] = day + dice.randint(0, 4)
        if kind == "enter" and dice.random() < 0.6:
            self._protect(one, close)
        self.tagged[one["tag"]] = one
        return one

    def _protect(self, one: Operation, close: int) -> None:
        """Exits on their sides of every price that the entry names, else of the close."""
        dice, side = self.dice, one["side"]
        named = [one[name] for name in ("limit", "stop") if name in one] or [close]
        below, above = min(named), max(named)
        down, up = below - dice.randint(1, 60), above + dice.randint(1, 60)
        if dice.random() < 0.7:
            one["loss"] = down if side > 0 else up
        if dice.random() < 0.7:
            one["gain"] = up if side > 0 else down
        if dice.random() < 0.3:
            one["trail_loss"] = dice.randint(1, 60)

    def _replacement(self) -> Operation:
        """New prices and quantities of what may be open; prices where no other price bounds them."""
        dice = self.dice
        tag = dice.choice(list(self.tagged))
        one = self.tagged[tag]
        if not waits(one):
            return {"do": "replace", "name": tag, "q": self.units * dice.randint(1, 12)}
        act: Operation = {"do": "replace", "name": tag}
        bound = "give" in one or ("limit" in one and "stop" in one) or "loss" in one or "gain" in one
        close = self.closes[one["symbol"]]
        if "loss" in one and dice.random() < 0.5:
            return {"do": "replace", "name": f"{tag}.stop_loss", "stop": self._near(close)}
        if "gain" in one and dice.random() < 0.5:
            return {"do": "replace", "name": f"{tag}.take_profit", "limit": self._near(close)}
        for price in ("limit", "stop"):
            if price in one and not bound and dice.random() < 0.7:
                act[price] = self._near(close)
        if len(act) == 2 or dice.random() < 0.4:
            act["q"] = self.units * dice.randint(1, 12)
        return act


def pooled(seed: int, names: Sequence[str], gap: int) -> tuple[Case, dict[str, list[list[Operation]]]]:
    """Throw a case, and what several strategies say at its steps."""
    case = Maker(seed, gap).case()
    said = {}
    for place, name in enumerate(names):
        maker, busy = Maker(seed * len(names) + place, units=10, name=f"{name}-t"), 0.6
        said[name] = [maker.operations(next(iter(now.values())).day, now, busy) for now in case.bars]
    return case, said


def simulated_pool(case: Case, said: Mapping[str, list[list[Operation]]], pool: Pool) -> Simulation:
    """What the reference makes of them on common money: every strategy has symbols of its own there.

    Operations whose side it finds out are completed.
    """
    simulation = PooledSimulation(case.at_close, case.slip_ticks, pool, case.fees)
    owned = {name: [[_own(one, name) for one in step] for step in steps] for name, steps in said.items()}
    for step, bars_now in enumerate(case.bars):
        later = {symbol for bars_then in case.bars[step + 1 :] for symbol in bars_then}
        now = {f"{name}:{symbol}": bar for name in said for symbol, bar in bars_now.items()}
        operations = [one for steps in owned.values() for one in steps[step]]
        over = {f"{name}:{symbol}" for name in said for symbol in set(SYMBOLS) - later}
        simulation.take(step, now, operations, over)
    for name, steps in said.items():
        for one, own in zip(chain(*steps), chain(*owned[name]), strict=True):
            _complete(one, own)
    return simulation


def _complete(one: Operation, own: Operation) -> None:
    if "limit" in own:
        one["limit"] = own["limit"]
    for leg in ("a", "b"):
        if leg in one:
            _complete(one[leg], own[leg])


def _own(one: Operation, name: str) -> Operation:
    """The same on the strategy's own symbol."""
    own = {**one, "owner": name}
    if "symbol" in one:
        own["symbol"] = f"{name}:{one['symbol']}"
    return own | {leg: _own(one[leg], name) for leg in ("a", "b") if leg in one}


def _one_sided(operations: list[Operation]) -> list[Operation]:
    """Leave out entries on the other side at once, which are an error."""
    sides: dict[str, object] = {}
    kept = []
    for one in operations:
        if one["do"] in ("enter", "target"):
            side = one["side"] if one["do"] == "enter" else one
            if sides.setdefault(one["symbol"], side) is not side:
                continue
        kept.append(one)
    return kept


class Sayer:
    """`on_bar`: say the operations of each step, and keep what becomes of tagged orders."""

    def __init__(self, moments: Sequence[int], operations: Sequence[Sequence[Operation]]) -> None:
        self.steps = {t: step for step, t in enumerate(moments)}
        self.operations = operations
        self.statuses: dict[str, str] = {}

    def on_bar(self, context: Context) -> list[Signal]:
        return [signal_of(one) for one in self.operations[self.steps[context.t]]]

    def on_order(self, update: OrderUpdate) -> None:
        if update.tag and update.status in ("filled", "cancelled", "expired", "rejected"):
            self.statuses[update.tag] = str(update.status)


def signal_of(one: Operation) -> Signal:
    """The same in orchestrate's words."""
    prices: dict[str, Any] = {name: _price(one, name) for name in ("limit", "stop", "trail") if name in one}
    if "give" in one and "limit" not in one:
        prices["limit"] = prices["stop"]
    if one["do"] == "cancel":
        return Signal.cancel(one["name"])
    if one["do"] == "replace":
        return Signal.replace(one["name"], quantity=one.get("q"), **prices)
    if one["do"] == "target":
        return Signal.target(one["symbol"], quantity=one["q"])
    if one["do"] == "oco":
        return Signal.oco(signal_of(one["a"]), signal_of(one["b"]))
    prices["tag"] = one["tag"]
    if "tif" in one:
        prices["tif"] = one["tif"]
    if "until" in one:
        prices["until"] = FIRST + timedelta(days=one["until"])
    if one["do"] == "exit":
        return Signal.exit(one["symbol"], one.get("q"), **prices)
    if one["do"] == "add":
        return Signal.add(one["symbol"], one["q"], **prices)
    for ours, its in (("stop_loss", "loss"), ("take_profit", "gain"), ("trail_loss", "trail_loss")):
        if its in one:
            prices[ours] = _price(one, its)
    return Signal.enter(one["symbol"], "long" if one["side"] > 0 else "short", one["q"], **prices)


def _price(one: Mapping[str, Any], name: str) -> float:
    return float(one[name]) / TENTHS
