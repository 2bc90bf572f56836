"""The protocols of portable strategies, their context and their signals.

A strategy is a plain object of one of three shapes (a fourth, native, belongs to its engine):

* `signals(bars) -> Signals`: vectorised, the whole history at once;
* `should_enter(bars) -> bool` and `should_exit(position, bars) -> bool`: stateless, one symbol (`IStrategy`);
* `on_bar(context) -> list of Signal`: several symbols, several legs, facts of other strategies.

Optional hooks of any shape: `on_start()`, `on_fill(fill)`, `on_rejected(decision)`, `on_stop()`.
An `IStrategy` may set `side = "short"`; its entries then sell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, runtime_checkable

from orchestrate.domain.values import value

if TYPE_CHECKING:  # a configuration is read without numpy
    import numpy.typing as npt

    from orchestrate.domain.accounts import StrategyAllocation
    from orchestrate.domain.books import Position
    from orchestrate.domain.instruments.instrument import Instrument
    from orchestrate.domain.market.bars import Bars

Side = Literal["long", "short"]
SignalKind = Literal["entry", "exit"]


@value
class Signal:
    """An instruction to enter or to exit.

    An entry without `quantity` is sized by the entry's `sizing`; an exit always closes the whole position.
    """

    kind: SignalKind
    symbol: str
    side: Side = "long"
    quantity: float | None = None

    @classmethod
    def enter(cls, symbol: str, side: Side = "long", quantity: float | None = None) -> Signal:
        """Open a position, `quantity` units or as `sizing` says."""
        return cls("entry", symbol, side, quantity)

    @classmethod
    def exit(cls, symbol: str) -> Signal:
        """Close whatever is held of `symbol`."""
        return cls("exit", symbol)


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """Entry and exit flags for a whole history, one element per bar.

    Sides that a strategy doesn't trade stay None.
    """

    enter_long: npt.ArrayLike
    exit_long: npt.ArrayLike
    enter_short: npt.ArrayLike | None = None
    exit_short: npt.ArrayLike | None = None


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
