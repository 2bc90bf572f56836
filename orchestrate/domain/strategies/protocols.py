"""The protocols of portable strategies, their context and their signals.

A strategy is a plain object of one of three shapes (a fourth, native, belongs to its engine):

* `signals(bars) -> Signals`: vectorised, the whole history at once;
* `should_enter(bars) -> bool` and `should_exit(position, bars) -> bool`: stateless, one symbol (`IStrategy`);
* `on_bar(context) -> list of Signal`: several symbols, several legs, facts of other strategies.

Optional hooks of any shape: `on_start()`, `on_fill(fill)`, `on_order(update)`, `on_rejected(decision)`, `on_stop()`.
An `IStrategy` may set `side = "short"`; its entries then sell. Its attributes `stop_loss`, `take_profit` and
`trail_loss`, where it has them, are fractions of each entry's fill.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias, get_args, runtime_checkable

from orchestrate.domain.orders.terms import NO_TERMS, Bracket, Number, OrderTerms, Tif, Until, finite, positive
from orchestrate.domain.strategies.signal_terms import net_terms, order_name, structure_of, terms_of, units, whole
from orchestrate.domain.values import value

if TYPE_CHECKING:  # a configuration is read without numpy
    import numpy.typing as npt

    from orchestrate.domain.accounts import StrategyAllocation
    from orchestrate.domain.books import Position
    from orchestrate.domain.instruments.instrument import Instrument
    from orchestrate.domain.market.bars import Bars
    from orchestrate.domain.options.holding import HeldStructure
    from orchestrate.domain.options.structure import Leg, Structure
    from orchestrate.domain.options.view import ChainView


Side = Literal["long", "short"]
SignalKind = Literal["entry", "exit", "add", "target", "cancel", "replace", "oco", "structure", "close", "roll"]
#: What a target is measured in.
Measure = Literal["quantity", "percent", "value"]
#: What becomes orders; what else there is acts on orders.
ORDERS: Final = ("entry", "exit", "add")
_KINDS: Final = frozenset(get_args(SignalKind))
_ALL: Final = 100.0


@value
class Signal:
    """An instruction of a strategy; made by the methods below.

    An entry without `quantity` is sized by the entry's `sizing`, an exit without one closes the whole position.
    `terms` are those of its order. `measure` is the unit of a target's `quantity`, `name` the order that is cancelled
    or replaced, `pair` the two of which the first that fills cancels the other. `legs` is the structure that is
    opened or that closes, `closes` the one that a roll replaces; the limit of their terms is a net price.
    """

    kind: SignalKind
    symbol: str
    side: Side = "long"
    quantity: float | None = None
    terms: OrderTerms = NO_TERMS
    measure: Measure = "quantity"
    name: str = ""
    pair: tuple[Signal, ...] = ()
    legs: Structure | None = None
    closes: Structure | None = None

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ValueError(f"{self.kind!r} is no signal; there are {', '.join(get_args(SignalKind))}")
        if self.side not in ("long", "short"):
            raise ValueError(f"side must be 'long' or 'short', not {self.side!r}")
        if self.quantity is not None and self.kind != "target":
            positive("quantity", self.quantity)
        if self.terms is not NO_TERMS and self.kind == "entry":
            self.terms.require_sides(0.0, buys=self.side == "long")

    @classmethod
    def enter(
        cls,
        symbol: str,
        side: Side = "long",
        quantity: Number | None = None,
        *,
        limit: Number | None = None,
        stop: Number | None = None,
        trail: Number | None = None,
        stop_loss: Number | None = None,
        take_profit: Number | None = None,
        trail_loss: Number | None = None,
        tif: Tif = "gtc",
        until: Until | None = None,
        tag: str = "",
    ) -> Signal:
        """Open a position, `quantity` units or as `sizing` says, and protect it by a bracket of exits.

        `limit`, `stop`, `stop_loss` and `take_profit` are prices, `trail` and `trail_loss` distances.
        """
        bracket = None
        if stop_loss is not None or take_profit is not None or trail_loss is not None:
            bracket = Bracket.of(stop_loss, take_profit, trail_loss)
        return cls("entry", symbol, side, units(quantity), terms_of(limit, stop, trail, tif, until, tag, bracket))

    @classmethod
    def exit(
        cls,
        symbol: str,
        quantity: Number | None = None,
        *,
        limit: Number | None = None,
        stop: Number | None = None,
        trail: Number | None = None,
        tif: Tif = "gtc",
        until: Until | None = None,
        tag: str = "",
    ) -> Signal:
        """Close what is held of `symbol`, all of it or at most `quantity` units."""
        return cls("exit", symbol, "long", units(quantity), terms_of(limit, stop, trail, tif, until, tag))

    @classmethod
    def add(
        cls,
        symbol: str,
        quantity: Number,
        *,
        limit: Number | None = None,
        stop: Number | None = None,
        trail: Number | None = None,
        tif: Tif = "gtc",
        until: Until | None = None,
        tag: str = "",
    ) -> Signal:
        """Enlarge the position in `symbol` by `quantity` units; nothing while flat."""
        return cls("add", symbol, "long", positive("quantity", quantity), terms_of(limit, stop, trail, tif, until, tag))

    @classmethod
    def target(
        cls, symbol: str, *, quantity: Number | None = None, percent: Number | None = None, value: Number | None = None
    ) -> Signal:
        """Aim at a position of so many units, percent of the strategy's equity, or money; negative is short."""
        given: dict[Measure, Number | None] = {"quantity": quantity, "percent": percent, "value": value}
        named: list[tuple[Measure, float]] = [(name, finite(name, it)) for name, it in given.items() if it is not None]
        if len(named) != 1:
            raise ValueError(f"a target is one of quantity, percent and value, not {len(named)} of them")
        [(measure, aim)] = named
        if measure == "percent" and abs(aim) > _ALL:
            raise ValueError(f"percent must lie in -100..100, not {aim:g}")
        return cls("target", symbol, "long", aim, measure=measure)

    @classmethod
    def structure(
        cls,
        legs: Structure | Iterable[Leg],
        quantity: int = 1,
        *,
        limit: Number | None = None,
        tif: Tif = "gtc",
        until: Until | None = None,
        tag: str = "",
    ) -> Signal:
        """Open a structure of options, all of its legs or none.

        `limit` is the most that one of it may cost, in points: a debit is positive, a credit negative.
        """
        structure = whole(legs, quantity, tag)
        terms = net_terms(limit, tif, until, structure.tag)
        return cls("structure", structure.symbol, "long", float(structure.quantity), terms, legs=structure)

    @classmethod
    def close(
        cls,
        held: HeldStructure | Structure,
        *,
        limit: Number | None = None,
        tif: Tif = "gtc",
        until: Until | None = None,
    ) -> Signal:
        """Close a structure that is held, all of its legs; `limit` is the most that closing one may cost, in points."""
        structure = structure_of(held)
        terms = net_terms(limit, tif, until, structure.tag)
        return cls("close", structure.symbol, "long", float(structure.quantity), terms, legs=structure.reversed())

    @classmethod
    def roll(
        cls,
        held: HeldStructure | Structure,
        to: Structure | Iterable[Leg],
        *,
        limit: Number | None = None,
        tif: Tif = "gtc",
        until: Until | None = None,
        tag: str = "",
    ) -> Signal:
        """Close a structure and open another as many times, as one: both or neither.

        `limit` is the most that rolling one may cost, in points: a debit is positive, a credit negative.
        """
        old = structure_of(held)
        new = whole(to, 1, tag)
        if new.quantity not in (1, old.quantity):
            raise ValueError(f"roll: {old.quantity} are held, they roll to as many, not to {new.quantity}")
        new = whole(new, old.quantity, new.tag or old.tag)
        terms = net_terms(limit, tif, until, new.tag)
        return cls("roll", old.rolled_to(new).symbol, "long", float(new.quantity), terms, legs=new, closes=old)

    @classmethod
    def cancel(cls, name: str) -> Signal:
        """Cancel the order of that tag or order id; nothing where it is over."""
        return cls("cancel", "", name=order_name(name))

    @classmethod
    def replace(
        cls, name: str, *, limit: Number | None = None, stop: Number | None = None, quantity: Number | None = None
    ) -> Signal:
        """Change an order from the next bar on; `quantity` is the new whole. Nothing where it is over."""
        if limit is None and stop is None and quantity is None:
            raise ValueError("replace needs a limit, a stop or a quantity")
        return cls("replace", "", "long", units(quantity), OrderTerms.of(limit, stop), name=order_name(name))

    @classmethod
    def oco(cls, a: Signal, b: Signal) -> Signal:
        """Give two orders that rest on one symbol, of which the first that fills cancels the other."""
        for place, one in (("first", a), ("second", b)):
            if wrong := _no_leg(one):
                raise ValueError(f"oco: its {place} order {wrong}")
        if a.symbol != b.symbol:
            raise ValueError(f"oco takes two orders of one symbol, not of {a.symbol!r} and {b.symbol!r}")
        return cls("oco", a.symbol, pair=(a, b))


def _no_leg(given: object) -> str:
    """Return why it can't be one of two orders that rest; "" where it can."""
    if not isinstance(given, Signal):
        return f"must be a Signal, not {type(given).__name__}"
    if given.kind not in ORDERS:
        return f"must be an entry, an exit or an add, not {given.kind!r}"
    return "" if given.terms.rests else f"needs a limit, a stop or a trail: the {given.kind} of {given.symbol} has none"


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """Entry and exit flags for a whole history, one element per bar.

    Sides that a strategy doesn't trade stay None. `size` (units) and the exits of a bracket are numbers, one a bar or
    one for all, read at the bar of an entry; NaN for none. The exits are fractions of the entry's fill or, `absolute`,
    prices (and for `trail_loss` a distance).
    """

    enter_long: npt.ArrayLike
    exit_long: npt.ArrayLike
    enter_short: npt.ArrayLike | None = None
    exit_short: npt.ArrayLike | None = None
    size: npt.ArrayLike | None = None
    stop_loss: npt.ArrayLike | None = None
    take_profit: npt.ArrayLike | None = None
    trail_loss: npt.ArrayLike | None = None
    absolute: bool = False


@runtime_checkable
class VectorStrategy(Protocol):
    """A vectorised strategy that is called once per symbol with the whole history.

    Element i may use bars 0..i only.
    """

    def signals(self, bars: Bars) -> Signals | tuple[npt.ArrayLike, npt.ArrayLike]:
        """Return flags for every bar; a tuple means (enter_long, exit_long)."""


@runtime_checkable
class IStrategy(Protocol):
    """A stateless strategy that is called at every bar of each of its symbols; `bars` ends at the current bar."""

    def should_enter(self, bars: Bars) -> bool:
        """Return whether to open a position; called while flat."""

    def should_exit(self, position: Position, bars: Bars) -> bool:
        """Return whether to close `position`; called while there is one."""


class Context(Protocol):
    """The view of a strategy at one step: its own book and its symbols' bars up to now."""

    strategy_id: str
    t: int
    symbols: tuple[str, ...]
    updated: tuple[str, ...]
    """Those of `symbols` that have a bar now."""

    @property
    def cash(self) -> float:
        """The cash of the strategy's own book."""

    @property
    def equity(self) -> float:
        """Cash and positions at the closes of this step."""

    @property
    def allocation(self) -> StrategyAllocation:
        """The strategy's capital at the closes of this step: allocated, used, reserved and available."""

    @property
    def available(self) -> float:
        """What of the allocation is available: the money for further openings."""

    def bars(self, symbol: str | None = None) -> Bars:
        """Return the history of `symbol` (default: the first of `symbols`) up to now; empty before its first bar."""

    def position(self, symbol: str | None = None) -> Position | None:
        """Return the position in `symbol`, None when flat; a copy: changing it changes nothing."""

    def instrument(self, symbol: str | None = None) -> Instrument:
        """Return the properties of `symbol` (default: the first of `symbols`), such as multiplier and tick."""

    def chain(self, symbol: str | None = None) -> ChainView:
        """Return the chain of `symbol` (default: the first of `symbols` that is one) now: its newest quotes."""

    @property
    def structures(self) -> Sequence[HeldStructure]:
        """The structures that are held, with what they are worth now."""

    @property
    def waiting(self) -> Sequence[Structure]:
        """The structures that are ordered, to open or to close, and not filled yet."""

    def publish(self, name: str, value: object) -> None:
        """Publish a fact for the others: later ones in plan order see it on this bar, earlier ones on the next.

        A copy is kept; TypeError for what is neither numbers, text, dates, arrays nor lists and mappings of them.
        """

    def fact(self, strategy_id: str, name: str, default: object = None) -> object:
        """Return the newest fact `name` of `strategy_id` that this strategy may see; KeyError for no strategy."""


@runtime_checkable
class BarStrategy(Protocol):
    """A strategy that is called at each step at which one of its symbols has a bar."""

    def on_bar(self, context: Context) -> Iterable[Signal] | Signal | None:
        """Return the signals of this step; None or an empty list for none."""


#: One of the kinds below, or of a native the name of its engine.
Kind: TypeAlias = str
PORTABLE_KINDS: tuple[Kind, ...] = ("signals", "istrategy", "on_bar")


@dataclass(frozen=True, slots=True)
class Parameter:
    """The declaration of one parameter of a strategy.

    `type` is one of int, float, bool, str, list, dict, or object for anything. Bounds are inclusive unless `exclusive`.
    Choices that are texts, with a type that is a number, are words that may stand instead of one. With `object`, a
    default that is a number asks for numbers. A default of `...` can't be known from the source: the class itself
    supplies it.
    """

    type: type
    default: object = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[object, ...] = ()
    exclusive: bool = False
    required: bool = False
    help: str = ""


@dataclass(frozen=True, slots=True)
class StrategyDescription:
    """The facts about a strategy that are known without running it.

    `parameters` is None where the class takes any keyword. `relations` are comparisons between parameters, such as
    "fast < slow". `frameworks`: where it can run; natives have one. `sized`: an entry may size its orders. `traits` are
    what the class declares of its style, direction and so on; see `StrategyMetadata`.
    """

    name: str
    kind: Kind
    reference: str
    frameworks: tuple[str, ...]
    parameters: Mapping[str, Parameter] | None
    relations: Sequence[str] = ()
    summary: str = ""
    source: str = ""
    sized: bool = True
    traits: Mapping[str, object] = field(default_factory=dict)
