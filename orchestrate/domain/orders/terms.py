"""The terms of a portable strategy's order: what it waits for, how long, its name, and the exits after its fill.

Imports no numpy.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from numbers import Real
from typing import Final, Literal, NamedTuple, TypeAlias, TypeGuard, get_args

from orchestrate.domain.market.stamps import moment_of, saturated
from orchestrate.domain.values import value

Tif = Literal["gtc", "day", "until"]
#: What users may write as a price or a quantity; numpy's floats are floats.
Number: TypeAlias = float | Decimal
#: What users may write as the last moment of an order; a date counts whole.
Until: TypeAlias = date | datetime | str
#: Up to so many units of the last decimal, a level farther than that from a tie is rounded as a float.
_LARGEST_PLAIN: Final = 1e9
_TIE_GRAIN: Final = 1e-6


def positive(name: str, given: object) -> float:
    """Return a positive number as a float; an error that names the field otherwise."""
    number = finite(name, given, "a positive number")
    if number <= 0:
        raise ValueError(f"{name} must be a positive number, not {given!r}")
    return number


def finite(name: str, given: object, wording: str = "a number") -> float:
    """Return a finite number, a Decimal or one of numpy's too, as a float; an error that names the field otherwise."""
    if type(given) is not float and not is_number(given):
        raise TypeError(f"{name} must be {wording}, not {given!r}")
    try:
        number = float(given)
    except (OverflowError, ValueError):  # a Decimal may be a NaN that refuses to become a float
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{name} must be {wording}, not {given!r}")
    return number


def is_number(given: object) -> TypeGuard[Real | Decimal]:
    """Return whether users may write it as a price or a quantity."""
    return isinstance(given, Real | Decimal) and not isinstance(given, bool)


#: The exits of a bracket, as its fields are.
EXITS: Final = ("stop_loss", "take_profit", "trail_loss")


class Child(NamedTuple):
    """An exit that follows an entry's fill: its name, and the one price that it waits for."""

    name: str
    limit: float | None = None
    trigger: float | None = None
    trail: float | None = None


@value
class Bracket:
    """The exits of an entry: prices and a distance, or, those that `fractions` names, fractions of its fill's price.

    `planned` names the prices that the plan's sizing gave; they follow the entry's price where that is replaced.
    """

    stop_loss: float | None = None
    take_profit: float | None = None
    trail_loss: float | None = None
    fractions: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in EXITS:
            given = getattr(self, name)
            if given is not None:
                positive(name, given)

    @classmethod
    def of(cls, stop_loss: object, take_profit: object, trail_loss: object) -> Bracket:
        """Return the exits as a user writes them: prices and a distance."""
        loss, profit = _price("stop_loss", stop_loss), _price("take_profit", take_profit)
        return cls(loss, profit, _price("trail_loss", trail_loss))

    @property
    def parts(self) -> list[str]:
        """The names of its exits."""
        return [name for name in ("stop_loss", "trail_loss", "take_profit") if getattr(self, name) is not None]

    def stop_level(self, fill: float, *, buys: bool) -> float | None:
        """Return the price of the stop_loss of an entry that filled at `fill`."""
        return self._level("stop_loss", fill, up=not buys)

    def children(self, fill: float, *, buys: bool) -> list[Child]:
        """Return the exits of an entry that filled at `fill`; the losses first, which a bar that reaches both takes."""
        children = []
        if (stop := self.stop_level(fill, buys=buys)) is not None:
            children.append(Child("stop_loss", trigger=stop))
        if self.trail_loss is not None:
            parts = "trail_loss" in self.fractions
            children.append(Child("trail_loss", trail=_part(fill, self.trail_loss) if parts else self.trail_loss))
        if (target := self._level("take_profit", fill, up=buys)) is not None:
            children.append(Child("take_profit", limit=target))
        return children

    def require_sides(self, at: float, *, buys: bool) -> None:
        """Raise ValueError, naming the field, where an entry at the price `at` has an exit on the wrong side."""
        self._require_fractions(buys=buys)
        side, below, above = ("long", "below", "above") if buys else ("short", "above", "below")
        loss, profit = self._own_price("stop_loss"), self._own_price("take_profit")
        if loss is not None and (loss >= at if buys else loss <= at):
            raise ValueError(f"stop_loss {loss:g} of a {side} entry at {at:g} must lie {below} it")
        if profit is not None and (profit <= at if buys else profit >= at):
            raise ValueError(f"take_profit {profit:g} of a {side} entry at {at:g} must lie {above} it")

    def _require_fractions(self, *, buys: bool) -> None:
        """Raise ValueError where an exit below the fill would lie at zero or under it."""
        for name in ("stop_loss", "trail_loss") if buys else ("take_profit",):
            fraction = getattr(self, name) if name in self.fractions else None
            if fraction is not None and fraction >= 1:
                raise ValueError(f"{name} must be less than 1, a fraction of the fill, not {fraction:g}")

    def loss(self, at: float, *, buys: bool, precision: int) -> float | None:
        """Return how far from an entry at the price `at` its nearest exit at a loss lies; None without one."""
        stop = self.stop_level(at, buys=buys)
        losses = [] if stop is None else [distance(at, rounded_level(stop, precision))]
        if self.trail_loss is not None:
            losses.append(_part(at, self.trail_loss) if "trail_loss" in self.fractions else self.trail_loss)
        return min(losses, default=None)

    def completed(self, stop_loss: float | None, take_profit: float | None) -> Bracket:
        """Return it with the plan's prices where it has neither a loss nor a profit of its own."""
        loses = self.stop_loss is not None or self.trail_loss is not None
        stop = self.stop_loss if loses else stop_loss
        target = take_profit if self.take_profit is None else self.take_profit
        own = tuple(name for name in self.fractions if getattr(self, name) is not None)
        given = (None if loses else stop_loss, take_profit if self.take_profit is None else None)
        planned = tuple(name for name, price in zip(EXITS, given, strict=False) if price is not None)
        return Bracket(stop, target, self.trail_loss, own, planned)

    def followed(self, before: float | None, after: float | None) -> Bracket | None:
        """Return it with the plan's prices as far from the entry's as before; None where the stop is no price then."""
        if not self.planned or before is None or after is None or before == after:
            return self
        stop, target = (
            moved(price, distance(before, after), up=after > before) if name in self.planned and price else price
            for name, price in (("stop_loss", self.stop_loss), ("take_profit", self.take_profit))
        )
        if stop is not None and stop <= 0:
            return None
        return replace(self, stop_loss=stop, take_profit=target if target is None or target > 0 else None)

    def _own_price(self, name: str) -> float | None:
        price: float | None = None if name in self.fractions or name in self.planned else getattr(self, name)
        return price

    def _level(self, name: str, fill: float, *, up: bool) -> float | None:
        given: float | None = getattr(self, name)
        if given is None or name not in self.fractions:
            return given
        at = _decimal(fill)
        way = abs(at) * _decimal(given)
        return float(at + way if up else at - way)


def _price(name: str, given: object) -> float | None:
    return None if given is None else positive(name, given)


def _part(fill: float, fraction: float) -> float:
    return float(abs(_decimal(fill)) * _decimal(fraction))


@lru_cache(maxsize=1_000)
def _decimal(number: float) -> Decimal:
    """Return a number as it is written; a bracket needs its fraction and its fill several times."""
    return Decimal(str(number))


def moved(price: float, by: float, *, up: bool) -> float:
    """Return the price moved by a distance, by the decimals that both are written with."""
    at, way = Decimal(str(price)), Decimal(str(by))
    return float(at + way if up else at - way)


def distance(one: float, other: float) -> float:
    """Return how far two prices are from each other, by the decimals that they are written with."""
    return float(abs(Decimal(str(one)) - Decimal(str(other))))


def rounded_level(level: float, precision: int) -> float:
    """Return a level to the instrument's precision, by the decimals that it is written with; ties to even."""
    units = abs(level) * 10**precision
    if units < _LARGEST_PLAIN and abs(units % 1.0 - 0.5) > _TIE_GRAIN:
        return round(level, precision)  # the same, several times as fast: only at a tie do float and text differ
    return float(round(Decimal(str(level)), precision))


@value
class OrderTerms:
    """What an order waits for (`limit` and `stop` are prices, `trail` a distance), how long, and its name.

    `until` is the last moment, in nanoseconds, whose bar may fill it. Without a price it is a market order.
    """

    limit: float | None = None
    stop: float | None = None
    trail: float | None = None
    tif: Tif = "gtc"
    until: int | None = None
    tag: str = ""
    bracket: Bracket | None = None

    @classmethod
    def of(
        cls,
        limit: object = None,
        stop: object = None,
        trail: object = None,
        tif: Tif = "gtc",
        until: Until | None = None,
        tag: str = "",
        bracket: Bracket | None = None,
    ) -> OrderTerms:
        """Return terms as a user writes them; ValueError or TypeError names the field that has no meaning."""
        if until is not None and tif == "gtc":
            tif = "until"
        last = None if until is None else last_moment(until)
        return cls(_price("limit", limit), _price("stop", stop), _price("trail", trail), tif, last, tag, bracket)

    def __post_init__(self) -> None:
        if self.tif not in get_args(Tif):
            raise ValueError(f"tif must be one of {', '.join(get_args(Tif))}, not {self.tif!r}")
        if self.until is None and self.tif == "until":
            raise ValueError("tif 'until' needs until, the last moment of the order")
        if self.until is not None and self.tif != "until":
            raise ValueError(f"until goes with tif 'until' and no other, not with {self.tif!r}")
        if not isinstance(self.tag, str):
            raise TypeError(f"tag must be a text, not {self.tag!r}")
        if self.trail is not None and (self.limit is not None or self.stop is not None):
            raise ValueError("trail goes with neither limit nor stop: a trailing stop begins at the close")
        if self.tif != "gtc" and not self.rests:
            name = "until" if self.until is not None else f"tif {self.tif!r}"
            raise ValueError(f"{name} is for orders with a limit, stop or trail; this is a market order")

    @property
    def rests(self) -> bool:
        """True for an order that waits until the market reaches it."""
        return self.limit is not None or self.stop is not None or self.trail is not None

    def require_sides(self, close: float, *, buys: bool) -> None:
        """Raise ValueError, naming the field, where the prices of an order have no meaning on its side.

        `close` stands for the price of an order that names none; 0 where there is no close yet.
        """
        if self.limit is not None and self.stop is not None:
            require_stop_limit(self.limit, self.stop, buys=buys)
        if self.bracket is not None:
            named = [price for price in (self.limit, self.stop) if price is not None]
            for price in named or ([close] if close else []):
                self.bracket.require_sides(price, buys=buys)


def require_stop_limit(limit: float, stop: float, *, buys: bool) -> None:
    """Raise ValueError for a stop-limit whose limit lies before its stop."""
    if limit < stop if buys else limit > stop:
        side, where = ("buy", "below") if buys else ("sell", "above")
        raise ValueError(f"limit {limit:g} of a {side} lies {where} its stop {stop:g}: it could never fill there")


NO_TERMS: Final = OrderTerms()


def last_moment(until: object) -> int:
    """Return the last nanosecond that a date (all of it), a datetime or an ISO text names, UTC unless it says more."""
    if isinstance(until, date):
        return saturated(moment_of(until.isoformat(), last=not isinstance(until, datetime)))
    if not isinstance(until, str):
        raise TypeError(f"until must be a date, a datetime or an ISO text, not {until!r}")
    try:
        return saturated(moment_of(until, last=True))
    except ValueError:
        raise ValueError(f"until must be a date, a datetime or an ISO text, not {until!r}") from None
