"""What a step's signals of one strategy come to, as it stands: what means nothing is left out, targets become orders.

Cancels and replacements come first, then of each symbol exits, adds and an entry.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from orchestrate.domain.orders.execution import rounded
from orchestrate.domain.orders.order import Order
from orchestrate.domain.orders.terms import NO_TERMS, OrderTerms, require_stop_limit
from orchestrate.domain.strategies.protocols import Signal


class Standing(Protocol):
    """How a strategy stands at a step; `planned_exits` names the exits that the plan gives its entries."""

    planned_exits: tuple[str, ...]

    def held(self, symbol: str, without: Collection[str] = ()) -> float:
        """Return its signed quantity once market orders on their way, but those of the ids `without`, have filled."""

    def in_book(self, symbol: str) -> float:
        """Return its signed quantity now."""

    def close(self, symbol: str) -> float:
        """Return the last close, 0.0 before the first."""

    def label(self, symbol: str) -> int:
        """Return the label of the symbol's bar now, or of the step."""

    def entry_rests(self, symbol: str, without: Collection[str] = ()) -> bool:
        """Return whether an entry waits to be reached, other than those of the ids `without`."""

    def order(self, name: str) -> Order | None:
        """Return its open order of that tag or id."""

    def aim(self, target: Signal) -> float:
        """Return the signed units that a target asks for, not rounded."""

    def lot(self, symbol: str, quantity: float) -> float:
        """Return a quantity rounded down to lots of the symbol."""


def resolve(signals: Sequence[Signal], standing: Standing) -> list[Signal]:
    """Return what the signals come to; ValueError, naming the field, for what has no meaning now."""
    if all(_is_plain(signal) for signal in signals):
        return _plain_orders(signals, standing)
    structures = [signal for signal in signals if signal.legs is not None]
    signals = [signal for signal in signals if signal.legs is None]
    acts = [signal for signal in signals if signal.kind in ("cancel", "replace")]
    resolved = _merged([act for act in acts if _acts(act, standing)], standing)
    over = {order.id for act in acts if act.kind == "cancel" and (order := standing.order(act.name)) is not None}
    by_symbol: dict[str, list[Signal]] = {}
    for signal in signals:
        if signal.kind not in ("cancel", "replace"):
            by_symbol.setdefault(signal.symbol, []).append(signal)
    grown = _growth(resolved, standing)
    requested = {symbol: _Requested(symbol, standing, over, grown.get(symbol, 0.0)) for symbol in by_symbol}
    orders = [order for symbol, said in by_symbol.items() for order in requested[symbol].orders(said)]
    _require_free_tags(orders, standing, over)
    return [act for act in resolved if not _is_taken_back(act, orders, standing)] + orders + structures


def _is_plain(signal: Signal) -> bool:
    """Return True for a whole market exit and a market entry, which are most of what strategies say."""
    kind = signal.kind
    return signal.terms is NO_TERMS and (kind == "entry" or (kind == "exit" and signal.quantity is None))


def _plain_orders(signals: Sequence[Signal], standing: Standing) -> list[Signal]:
    """Return what plain signals come to, as `_Requested` would: done apart, it saves a tenth of an order's time."""
    by_symbol: dict[str, list[Signal]] = {}
    for signal in signals:
        by_symbol.setdefault(signal.symbol, []).append(signal)
    orders: list[Signal] = []
    for symbol, said in by_symbol.items():
        exits: list[Signal] = []
        entries: list[Signal] = []
        for signal in said:
            (exits if signal.kind == "exit" else entries).append(signal)
        if len(entries) > 1:
            _refuse_both_sides(symbol, entries)
        held = standing.held(symbol)
        enters = entries and not standing.entry_rests(symbol)
        if held and exits:
            orders.append(exits[0])
            if enters and (entries[0].side == "long") != (held > 0):
                orders.append(entries[0])
        elif enters and not held and not exits:
            orders.append(entries[0])
    return orders


def _refuse_both_sides(symbol: str, entries: Iterable[Signal]) -> None:
    if len({entry.side for entry in entries}) > 1:
        raise ValueError(f"{symbol}: entries on both sides at once")


class _Requested:
    """What is requested of one symbol: `now` is held, `left` of it once the step's market exits have filled.

    Orders of the ids `over` are cancelled at this step, replaced ones add `grown` to what will be held.
    """

    def __init__(self, symbol: str, standing: Standing, over: Collection[str], grown: float) -> None:
        self._symbol, self._standing = symbol, standing
        self._now = rounded(standing.held(symbol, over) + grown)
        self._entry_rests = standing.entry_rests(symbol, over)
        self._left = abs(self._now)

    def orders(self, said: Sequence[Signal]) -> Iterator[Signal]:
        """Yield the orders that the signals come to: market exits, exits that rest, adds, an entry."""
        if sum(signal.kind == "target" for signal in said) > 1:
            raise ValueError(f"target: {self._symbol} has two at once")
        requested = [one for signal in said for one in (self._aimed(signal) if signal.kind == "target" else (signal,))]
        plain = [signal for signal in requested if signal.kind != "oco"]
        _refuse_both_sides(self._symbol, [signal for signal in plain if signal.kind == "entry"])
        exits = [signal for signal in plain if signal.kind == "exit"]
        yield from self._market_exits(exits)
        yield from (self._checked(signal) for signal in exits if signal.terms.rests and self._left)
        pairs = [pair for signal in requested if signal.kind == "oco" and (pair := self._pair(signal))]
        entering = [pair for pair in pairs if any(leg.kind == "entry" for leg in pair)]
        yield from (_joined(pair) for pair in pairs if pair not in entering)
        if self._left:
            yield from (self._checked(signal) for signal in plain if signal.kind == "add")
        entries = [signal for signal in plain if signal.kind == "entry" and self._enters(signal, bool(exits))]
        if entries:
            yield self._checked(entries[0])
        elif entering and not self._now:
            yield _joined(entering[0])

    def _market_exits(self, exits: Iterable[Signal]) -> Iterator[Signal]:
        """Yield market exits until nothing is left; one for the whole comes alone."""
        market = [signal for signal in exits if not signal.terms.rests]
        if not self._left or not market:
            return
        whole = next((signal for signal in market if not signal.quantity or signal.quantity >= self._left), None)
        if whole is not None:
            self._left = 0.0
            yield replace(whole, quantity=None) if whole.quantity else whole
            return
        for signal in market:
            lots = self._standing.lot(self._symbol, float(signal.quantity or 0.0))
            taken = min(lots, self._left)
            if taken:
                self._left -= taken
                yield replace(signal, quantity=taken)
            elif not lots:  # it is refused, with its reason
                yield signal

    def _enters(self, entry: Signal, exits: bool) -> bool:
        """Whether an entry means something: while flat, or against what the step's exits close or may close."""
        if self._entry_rests:
            return False
        if not self._now:
            return not exits
        against = (entry.side == "long") != (self._now > 0)
        return exits and against and (not self._left or entry.terms.rests)

    def _pair(self, oco: Signal) -> list[Signal]:
        """Return those orders of a pair that mean something."""
        legs = []
        for leg in oco.pair:
            enters = not self._now and not self._entry_rests
            if enters if leg.kind == "entry" else self._left:
                legs.append(self._checked(leg))
        return legs

    def _checked(self, signal: Signal) -> Signal:
        """Return an order whose terms have a meaning now."""
        terms, standing = signal.terms, self._standing
        if terms.until is not None and terms.until < standing.label(self._symbol):
            raise ValueError(f"until of the {signal.kind} of {self._symbol} lies in the past")
        adds = signal.kind == "add"
        buys = signal.side == "long" if signal.kind == "entry" else (self._now > 0) == adds
        terms.require_sides(standing.close(self._symbol), buys=buys)
        return signal

    def _aimed(self, target: Signal) -> Iterator[Signal]:
        """Yield the orders that lead from what is held to the target: an entry, an add, an exit, or a flip."""
        aim, now, symbol = self._standing.aim(target), self._now, self._symbol
        difference = self._standing.lot(symbol, aim - now)
        after = rounded(now + difference)
        if now and not aim:
            yield Signal.exit(symbol)
        elif difference and now * difference > 0:
            yield Signal.add(symbol, abs(difference))
        elif difference and now:
            yield Signal.exit(symbol, abs(difference) if now * after > 0 else None)
        if difference and now * after <= 0 and after:
            yield Signal.enter(symbol, "long" if after > 0 else "short", abs(after))


def _joined(pair: Sequence[Signal]) -> Signal:
    """Return a pair as one signal; an order whose other means nothing stands alone."""
    return Signal.oco(*pair) if len(pair) > 1 else pair[0]


def _acts(act: Signal, standing: Standing) -> bool:
    """Whether there is an order to cancel or replace, whose new prices have a meaning."""
    order = standing.order(act.name)
    if order is None:
        return False
    if act.kind == "replace":
        if order.group is not None and order.group.kind == "legs":
            raise ValueError(f"replace: {act.name!r} is a structure; cancel it and say it anew")
        _require_fitting(act, order)
    return True


def _merged(acts: Iterable[Signal], standing: Standing) -> list[Signal]:
    """Return one act for each order: a cancel, or all of its replacements together, the last of each field."""
    by_order: dict[str, Signal] = {}
    for act in acts:
        order = standing.order(act.name)
        if order is None:
            continue
        before = by_order.get(order.id)
        if before is None or act.kind == "cancel":
            by_order[order.id] = act
        elif before.kind == "replace":
            terms = OrderTerms(act.terms.limit or before.terms.limit, act.terms.stop or before.terms.stop)
            by_order[order.id] = replace(act, quantity=act.quantity or before.quantity, terms=terms)
    return list(by_order.values())


def _is_taken_back(act: Signal, orders: Sequence[Signal], standing: Standing) -> bool:
    """Return True for a replacement of a market entry on its way that an exit of this step takes back."""
    order = standing.order(act.name)
    if act.kind != "replace" or order is None or order.closing or order.rests:
        return False
    exits = (one for one in orders if one.kind == "exit" and one.symbol == order.symbol)
    return any(one.quantity is None and not one.terms.rests for one in exits)


def _growth(acts: Iterable[Signal], standing: Standing) -> dict[str, float]:
    """Return by symbol how much more will be held because market orders on their way are replaced."""
    grown: dict[str, float] = {}
    for act in acts:
        order = standing.order(act.name)
        if act.kind != "replace" or not act.quantity or order is None or order.rests:
            continue
        symbol = order.symbol
        whole = replaced_quantity(order, standing.lot(symbol, float(act.quantity)), standing.in_book(symbol))
        if whole:
            grown[symbol] = grown.get(symbol, 0.0) + whole - order.quantity
    return grown


def replaced_quantity(order: Order, units: float, held: float) -> float:
    """Return the new signed quantity of an order; a market order that closes is for what is held at most."""
    if order.closing and not order.rests:
        units = min(units, max(abs(order.quantity), abs(held)))
    return math.copysign(units, order.quantity)


def _require_fitting(act: Signal, order: Order) -> None:
    limit, stop = act.terms.limit, act.terms.stop
    if limit is not None and order.limit is None:
        raise ValueError(f"limit: order {act.name!r} has none that could be replaced")
    if stop is not None and (order.trigger is None or order.trail is not None):
        raise ValueError(f"stop: order {act.name!r} has none that could be replaced")
    limit, stop = limit or order.limit, stop or order.trigger
    buys = order.quantity > 0
    if limit is not None and stop is not None:
        require_stop_limit(limit, stop, buys=buys)
    for price in (limit, None if order.trail is not None else stop):
        if price is not None and order.bracket is not None:
            order.bracket.require_sides(price, buys=buys)


def _require_free_tags(orders: Iterable[Signal], standing: Standing, over: set[str]) -> None:
    """ValueError where an order takes the name of one that is open, or of another of this step.

    Exits of a bracket are placed later: they may have the names of those that end with a position closed at this step.
    """
    legs = [leg for order in orders for leg in (order.pair or (order,))]
    closed = {leg.symbol for leg in legs if leg.kind == "exit" and leg.quantity is None and not leg.terms.rests}
    taken: set[str] = set()
    for leg in legs:
        for tag in _names(leg, standing):
            other = standing.order(tag) or _parent(tag, standing)
            ends = other is not None and (other.id in over or (other.closing and other.symbol in closed))
            if tag in taken or (other is not None and not (ends if tag != leg.terms.tag else other.id in over)):
                raise ValueError(f"tag {tag!r} is the name of an open order already")
            taken.add(tag)


def _names(order: Signal, standing: Standing) -> Iterator[str]:
    """Yield the tag of an order and those of its bracket's exits."""
    tag, bracket = order.terms.tag, order.terms.bracket
    if not tag:
        return
    yield tag
    parts = [] if bracket is None else bracket.parts
    planned = standing.planned_exits if order.kind == "entry" else ()
    yield from (f"{tag}.{part}" for part in dict.fromkeys((*parts, *planned)))


def _parent(tag: str, standing: Standing) -> Order | None:
    """Return the open order of which an exit will have that name once it fills."""
    name, _, part = tag.rpartition(".")
    order = standing.order(name) if name else None
    return order if order is not None and order.bracket is not None and part in order.bracket.parts else None
