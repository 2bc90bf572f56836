"""The book of each strategy once more: cash, positions and round trips, from its fills and flows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from orchestrate.verification.facts import Row, Run, Strategy, Terms


@dataclass(slots=True)
class Holding:
    """What is open of one symbol: its size, its average price and rate, and its round trip so far.

    `bought` and `sold` are sums of quantity and of quantity × price, of what opened and what closed.
    """

    quantity: float = 0.0
    average: float = 0.0
    rate: float = 1.0
    opened: int = 0
    opened_fees: float = 0.0
    peak: float = 0.0
    fees: float = 0.0
    profit: float = 0.0
    bought: tuple[float, float] = (0.0, 0.0)
    sold: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Change:
    """What a book holds of a symbol from one step on."""

    step: int
    quantity: float
    average: float
    rate: float


@dataclass(slots=True)
class Ledger:
    """One strategy's book, and the changes that led to it."""

    strategy: Strategy
    fees: float = 0.0
    holdings: dict[str, Holding] = field(default_factory=dict)
    trades: list[dict[str, object]] = field(default_factory=list)
    changes: dict[str, list[Change]] = field(default_factory=dict)
    #: what came to its cash or left it, by the step from which on it counts; `flows` are those that are no result
    earned: list[tuple[int, float]] = field(default_factory=list)
    flows: list[tuple[int, float]] = field(default_factory=list)
    #: what was held when a short was charged, and what was handed over, one after the other
    charged: list[float] = field(default_factory=list)
    handed: list[Holding] = field(default_factory=list)

    def note(self, step: int, symbol: str) -> None:
        """Note what is held from this step on."""
        held = self.holdings.get(symbol, Holding())
        self.changes.setdefault(symbol, []).append(Change(step, held.quantity, held.average, held.rate))


def ledgers_of(run: Run) -> dict[str, Ledger]:
    """Return the book of every strategy; those that only take positions over come last."""
    ledgers = {name: Ledger(one) for name, one in run.strategies.items()}
    given: dict[tuple[str, str, int], Holding] = {}
    for name in sorted(ledgers, key=lambda name: run.strategies[name].is_unmanaged):
        for event in _events(run, name):
            if "fill_id" in event:
                _fill(ledgers[name], event, run)
            else:
                _flow(ledgers[name], event, run, given)
    return ledgers


def _events(run: Run, name: str) -> Iterator[Row]:
    """Yield a strategy's fills and flows in the order in which they were booked."""
    fills = [fill for fill in run.rows("fills") if fill["strategy_id"] == name]
    done = 0
    for flow in run.rows("flows"):
        if flow["strategy_id"] == name:
            yield from fills[done : int(flow["fills"])]
            done = max(done, int(flow["fills"]))
            yield flow
    yield from fills[done:]


def _fill(ledger: Ledger, fill: Row, run: Run) -> None:
    terms, symbol, quantity = run.terms[fill["symbol"]], fill["symbol"], fill["quantity"]
    rate = fill.get("rate", 1.0) if terms.fx else 1.0
    step, cash = run.step(fill["t"]), -fill["fee"]
    ledger.fees += fill["fee"]
    if terms.by_notional:
        cash -= quantity * fill["price"] * terms.multiplier * rate
    held = ledger.holdings.get(symbol, Holding(opened=fill["label"]))
    closed = -held.quantity if quantity * held.quantity < 0 and abs(quantity) > abs(held.quantity) else 0.0
    if quantity * held.quantity < 0:
        closed = closed or quantity
        cash += _close(ledger, held, fill, closed, rate, terms)
    opened = round(quantity - closed, 6)
    if opened:
        if closed or symbol not in ledger.holdings:
            held = ledger.holdings[symbol] = Holding(opened=fill["label"])
        _open(held, fill, opened, rate, fill["fee"] * (opened / quantity))
    ledger.earned.append((step, cash))
    ledger.note(step, symbol)


def _open(held: Holding, fill: Row, quantity: float, rate: float, fee: float) -> None:
    size, price = abs(quantity), fill["price"]
    before = abs(held.quantity)
    paid, now = abs(before * held.average), abs(size * price)
    held.rate = (paid * held.rate + now * rate) / (paid + now) if paid + now else rate
    held.average = (before * held.average + size * price) / (before + size)
    held.quantity = round(held.quantity + quantity, 6)
    held.opened_fees += fee
    held.fees += fee
    held.bought = (held.bought[0] + quantity, held.bought[1] + quantity * price)
    if abs(held.quantity) > abs(held.peak):
        held.peak = held.quantity


def _close(ledger: Ledger, held: Holding, fill: Row, quantity: float, rate: float, terms: Terms) -> float:
    """Close a part, signed as the fill, or all of what is held; return the profit where only that moves cash."""
    price, fee = fill["price"], fill["fee"] * (quantity / fill["quantity"])
    if terms.by_notional:
        profit = -quantity * (price * rate - held.average * held.rate) * terms.multiplier
    else:
        profit = -quantity * (price - held.average) * terms.multiplier * rate
    held.profit += profit
    held.fees += fee
    held.sold = (held.sold[0] + quantity, held.sold[1] + quantity * price)
    held.quantity = round(held.quantity + quantity, 6)
    if not held.quantity:
        _end(ledger, held, fill)
    return 0.0 if terms.by_notional else profit


def _end(ledger: Ledger, held: Holding, fill: Row) -> None:
    """Note a round trip that is over."""
    del ledger.holdings[fill["symbol"]]
    ledger.trades.append(
        {
            "symbol": fill["symbol"],
            "quantity": held.peak,
            "entered": held.opened,
            "exited": fill["label"],
            "t": fill["t"],
            "entry_price": held.bought[1] / held.bought[0],
            "exit_price": held.sold[1] / held.sold[0],
            "profit": held.profit - held.fees,
            "fees": held.fees,
        }
    )


def _flow(ledger: Ledger, flow: Row, run: Run, given: dict[tuple[str, str, int], Holding]) -> None:
    step, symbol = run.step(flow["t"]), flow["symbol"]
    if flow["kind"] == "borrow":
        ledger.earned.append((step, flow["amount"]))
        ledger.fees -= flow["amount"]
        ledger.charged.append(ledger.holdings[symbol].quantity if symbol in ledger.holdings else 0.0)
        if symbol in ledger.holdings:
            ledger.holdings[symbol].fees -= flow["amount"]
        ledger.note(step, symbol)
    elif flow["kind"] == "handover":
        ledger.earned.append((step + 1, flow["amount"]))
        _hand_over(ledger, flow, given)
        ledger.note(step + 1, symbol)
    else:
        ledger.flows.append((step, flow["amount"]))


def _hand_over(ledger: Ledger, flow: Row, given: dict[tuple[str, str, int], Holding]) -> None:
    """Give a position away, or take one over, at its average cost and with its round trip."""
    symbol = flow["symbol"]
    if not ledger.strategy.is_unmanaged:
        left = ledger.holdings.pop(symbol, Holding())
        given[ledger.strategy.id, symbol, flow["t"]] = left
        ledger.handed.append(replace(left, quantity=-left.quantity))
        return
    taken = given.get((flow["other"], symbol, flow["t"]), Holding())
    ledger.handed.append(taken)
    held = ledger.holdings.get(symbol)
    ledger.holdings[symbol] = replace(taken) if held is None else _joined(held, taken)


def _joined(held: Holding, taken: Holding) -> Holding:
    """Return two positions of one side as one."""
    total = round(held.quantity + taken.quantity, 6)
    paid = [abs(one.quantity * one.average) for one in (held, taken)]
    rate = (paid[0] * held.rate + paid[1] * taken.rate) / sum(paid) if sum(paid) else held.rate
    average = (held.quantity * held.average + taken.quantity * taken.average) / total
    return Holding(
        quantity=total,
        average=average,
        rate=rate,
        opened=min(held.opened, taken.opened),
        opened_fees=held.opened_fees + taken.opened_fees,
        peak=max(held.peak, taken.peak, total, key=abs),
        fees=held.fees + taken.fees,
        profit=held.profit + taken.profit,
        bought=(held.bought[0] + taken.bought[0], held.bought[1] + taken.bought[1]),
        sold=(held.sold[0] + taken.sold[0], held.sold[1] + taken.sold[1]),
    )
