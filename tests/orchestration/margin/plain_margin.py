"""Margin by plain arithmetic on the fills of a run; shares no code with what it checks."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from orchestrate.domain.events import AccountRuinedEvent, MarginCalledEvent
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.results import FillRecord
from tests.orchestration.harness import HarnessRun

GRAIN = 1e-6

CASH_CLASSES = ("equity", "etf", "crypto", "bond")


def maintenance_rate(instrument: Instrument, quantity: float) -> float:
    """The share of a position's value that its account must keep."""
    if instrument.maintenance_rate is not None:
        return instrument.maintenance_rate
    if instrument.asset_class in CASH_CLASSES:
        return 0.3 if quantity < 0 else 0.0
    return 0.8 * instrument.margin_rate


def initial_rate(instrument: Instrument, quantity: float) -> float:
    """The share of a position's value that it holds back."""
    return 1.0 if instrument.asset_class in CASH_CLASSES and quantity > 0 else instrument.margin_rate


def rate_of(instrument: Instrument, prices: Mapping[str, float]) -> float:
    """What one unit of its currency is worth."""
    return prices[instrument.fx] if instrument.fx else 1.0


@dataclass
class PlainAccount:
    """Cash and positions of the strategies on one account."""

    market: Market
    cash: float
    held: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    def take(self, record: FillRecord, prices: Mapping[str, float] = MappingProxyType({})) -> None:
        """Book a fill, at the rates among `prices`; one that crosses zero closes and opens."""
        held, _ = self.held.get((record.fill.strategy_id, record.fill.symbol), (0.0, 0.0))
        if held * record.fill.quantity < 0 and abs(record.fill.quantity) > abs(held):
            self.take(replace(record, fill=replace(record.fill, quantity=-held, fee=0.0)), prices)
            record = replace(record, fill=replace(record.fill, quantity=round(record.fill.quantity + held, 6)))
        fill, instrument = record.fill, self.market.instruments[record.fill.symbol]
        place = (fill.strategy_id, fill.symbol)
        quantity, average = self.held.pop(place, (0.0, 0.0))
        self.cash -= fill.fee
        point = instrument.multiplier * rate_of(instrument, prices)
        if instrument.asset_class in CASH_CLASSES:
            self.cash -= fill.quantity * fill.price * point
        elif quantity * fill.quantity < 0:
            self.cash -= fill.quantity * (fill.price - average) * point
        left = round(quantity + fill.quantity, 6)
        if left and quantity * fill.quantity >= 0:
            average = (quantity * average + fill.quantity * fill.price) / left
        if left:
            self.held[place] = left, average

    def equity(self, prices: Mapping[str, float]) -> float:
        """What the account is worth."""
        total = self.cash
        for (_, symbol), (quantity, average) in self.held.items():
            instrument = self.market.instruments[symbol]
            paid = 0.0 if instrument.asset_class in CASH_CLASSES else average
            total += quantity * (prices[symbol] - paid) * instrument.multiplier * rate_of(instrument, prices)
        return total

    def required(self, prices: Mapping[str, float], without: Container[tuple[str, str]] = ()) -> float:
        """What it must keep for its positions, but those `without`."""
        counted = [place for place in self.held if place not in without]
        return sum(self._value(place, prices) * maintenance_rate(*self._of(place)) for place in counted)

    def free(self, prices: Mapping[str, float]) -> float:
        """What it may spend on openings."""
        return self.equity(prices) - sum(
            self._value(place, prices) * initial_rate(*self._of(place)) for place in self.held
        )

    def _of(self, place: tuple[str, str]) -> tuple[Instrument, float]:
        return self.market.instruments[place[1]], self.held[place][0]

    def _value(self, place: tuple[str, str], prices: Mapping[str, float]) -> float:
        instrument, quantity = self._of(place)
        return abs(quantity * prices[place[1]]) * instrument.multiplier * rate_of(instrument, prices)


@dataclass
class Moment:
    """One step: its prices before and at the close, and the fills in between. Rates have closes only."""

    step: int
    label: int
    opens: dict[str, float]
    closes: dict[str, float]
    fills: list[FillRecord]


def moments(market: Market, fills: list[FillRecord]) -> Iterator[Moment]:
    """The steps of a run, in order."""
    closes: dict[str, float] = {}
    rates = {instrument.fx for instrument in market.instruments.values()}
    for step, label in enumerate(market.timeline.labels.tolist()):
        rows = {symbol: int(column[step]) for symbol, column in market.timeline.rows.items() if column[step] >= 0}
        traded = {symbol: row for symbol, row in rows.items() if symbol not in rates}
        opens = closes | {symbol: float(market.series[symbol].open[row]) for symbol, row in traded.items()}
        closes = closes | {symbol: float(market.series[symbol].close[row]) for symbol, row in rows.items()}
        yield Moment(step, label, opens, closes, [record for record in fills if record.t == label])


def accounts(market: Market, pooled: bool, done: HarnessRun) -> Mapping[str, PlainAccount]:
    """By the strategy; those of a pool are one."""
    if pooled:
        return dict.fromkeys(done.results, PlainAccount(market, 100_000.0))
    return {name: PlainAccount(market, 30_000.0) for name in done.results}


class Check:
    """One portfolio, step by step, against plain arithmetic. `closing` are the positions that are called or ruined."""

    def __init__(self, market: Market, rules: ExecutionRules, done: HarnessRun, *, pooled: bool) -> None:
        self.market, self.rules, self.pooled, self.done = market, rules, pooled, done
        self.books, self.ends = accounts(market, pooled, done), market.timeline.ends.steps
        self.calls = {(event.t, event.strategy_id, event.symbol) for event in self.done.of(MarginCalledEvent)}
        self.ruins = {event.t for event in self.done.of(AccountRuinedEvent)}
        decided = [(record.order_id, record.decision.demand) for record in done.orchestrator.session.log.decisions]
        self.resting = {order_id: demand for order_id, demand in reversed(decided) if demand.rests}
        #: by the account, what it is after the fills of one moment that come before
        self.judged: dict[int, PlainAccount] = {}
        self.ruined: set[str] = set()
        self.closing: set[tuple[str, str]] = set()

    def run_through(self) -> int:
        """Check each step; return the number of calls and ruins."""
        for now in moments(self.market, self.done.orchestrator.fills):
            for at_close in (False, True):
                self.take_fills([one for one in now.fills if self.is_at_close(one, now) == at_close], now)
            for book in {id(book): book for book in self.books.values()}.values():
                self.mark(book, now)
        return len(self.calls) + len(self.ruins)

    def take_fills(self, fills: list[FillRecord], now: Moment) -> None:
        """Judge fills of one open, with its range, or of one close, as they follow in time; book them as reported."""
        self.judged = {id(book): replace(book, held=dict(book.held)) for book in self.books.values()} if fills else {}
        for record in sorted(fills, key=lambda one: self.place(one, now)):
            self.judge(record, now)
        for record in fills:
            prices = now.closes if self.is_at_close(record, now) else now.opens
            self.books[record.fill.strategy_id].take(record, prices)

    def place(self, record: FillRecord, now: Moment) -> tuple[bool, bool, bool]:
        """Of one moment, market orders that close come first, on whichever engine; what lay there before, after all at
        the market; what only the range reaches, last, although Backtrader reports in the order of sending.
        """
        demand = self.resting.get(record.fill.order_id)
        if demand is None:
            return not record.closing, False, False
        between = self.market.timeline.rows[demand.symbol][demand.step + 1 : now.step]
        return True, bool((between >= 0).any()), self.is_in_range(record, now)

    def is_in_range(self, record: FillRecord, now: Moment) -> bool:
        """True for what the range reaches only after the open."""
        demand, opened = self.resting.get(record.fill.order_id), now.opens[record.fill.symbol]
        if demand is None or self.is_at_close(record, now):
            return False
        slipped = self.rules.slippage.percent / 100 * opened + 0.01 if demand.limit is None else 0.0
        return abs(record.fill.price - opened) > slipped + GRAIN

    def is_at_close(self, record: FillRecord, now: Moment) -> bool:
        """Orders that rest fill at the close only as they are decided: of a native, at the same moment."""
        demand = self.resting.get(record.fill.order_id)
        forced = str(record.reason) in ("margin_call", "ruined")
        return self.rules.fill == "close" and not forced and (demand is None or demand.step == now.step)

    def judge(self, record: FillRecord, now: Moment) -> None:
        """An opening is paid for, and is of an account without a call; what is called is closed for that reason."""
        fill, book = record.fill, self.judged[id(self.books[record.fill.strategy_id])]
        place = fill.strategy_id, fill.symbol
        prices = now.closes if self.is_at_close(record, now) else now.opens
        held, _ = book.held.get(place, (0.0, 0.0))
        opening = fill.quantity if held * fill.quantity >= 0 else fill.quantity + held
        if opening * fill.quantity <= 1e-9:
            book.take(record, prices)
            if place in self.closing:
                self.closing.discard(place)
                assert str(record.reason) in ("margin_call", "ruined"), record
            return
        if opening != fill.quantity:
            book.take(replace(record, fill=replace(fill, quantity=-held, fee=0.0)), prices)
        instrument = self.market.instruments[fill.symbol]
        needed = abs(opening * fill.price) * instrument.multiplier * initial_rate(instrument, opening)
        needed *= rate_of(instrument, prices)
        assert book.free(prices) + GRAIN >= needed + fill.fee, record
        shut = {name for name, _ in self.closing} | self.ruined
        assert not (shut if self.pooled else shut & {fill.strategy_id}), record
        if self.is_in_range(record, now):  # nobody knows the prices of that moment: it is worth what it has cost
            book.cash -= needed + fill.fee
        else:
            book.take(replace(record, fill=replace(fill, quantity=opening)), prices)

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
