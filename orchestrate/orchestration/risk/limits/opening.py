"""The facts that a limit may read: an opening, and its strategy and the whole portfolio before it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple, Protocol


class StrategyState(Protocol):
    """One strategy at the closes of a step, with its open orders and what the step has approved so far."""

    @property
    def equity(self) -> float:
        """The book's equity."""

    @property
    def capital(self) -> float:
        """The capital that positions are measured against: the book's equity, pooled: the strategy's cap."""

    @property
    def gross(self) -> float:
        """The absolute worth of all positions."""

    @property
    def positions(self) -> int:
        """The number of symbols that are held."""

    @property
    def drawdown(self) -> float:
        """The loss from the highest equity so far, as a fraction of it."""

    @property
    def daily_loss(self) -> float:
        """The largest loss of the UTC day so far, as a fraction of the last equity before it."""

    @property
    def bars_since_loss(self) -> int | None:
        """The bars of the strategy since its last losing exit filled, the bar of the fill is 0; None without one."""

    def size(self, symbol: str) -> float:
        """Return the signed worth of the position in `symbol`."""


class PortfolioState(Protocol):
    """The whole portfolio at the closes of a step; sizes are absolute, summed over strategies."""

    @property
    def equity(self) -> float:
        """All books and the reserve."""

    @property
    def gross(self) -> float:
        """The absolute worth of all positions."""

    @property
    def net(self) -> float:
        """The signed worth of all positions."""

    @property
    def drawdown(self) -> float:
        """The loss from the highest equity so far, as a fraction of it."""

    @property
    def daily_loss(self) -> float:
        """The largest loss of the UTC day so far, as a fraction of the last equity before it."""

    def size(self, symbol: str) -> float:
        """Return the worth of all positions in `symbol`."""

    def framework(self, name: str) -> float:
        """Return the worth of all positions of the strategies on one framework."""


class Opening(NamedTuple):
    """The part of a demand that opens: `worth` is what it would add, signed, at the close it saw with slippage."""

    strategy_id: str
    symbol: str
    framework: str
    worth: float
    opens_at_once: bool
    strategy: StrategyState
    portfolio: PortfolioState

    @property
    def size(self) -> float:
        """The worth without its sign."""
        return abs(self.worth)


class Verdict(NamedTuple):
    """A limit is reached: so much worth still fits; `figure` is what the limit judges, were all of it granted."""

    fits: float
    figure: float
    bound: float


#: The verdict of a limit on an opening; None where it is not reached.
Judge = Callable[[Any, Opening], Verdict | None]
#: The state that a limit of a strategy or of the portfolio looks at.
State = StrategyState | PortfolioState


def of_strategy(judge: Callable[[Any, Opening, State], Verdict | None]) -> Judge:
    """Return a limit of the opening's strategy."""
    return lambda limit, opening: judge(limit, opening, opening.strategy)


def of_portfolio(judge: Callable[[Any, Opening, State], Verdict | None]) -> Judge:
    """Return a limit of the portfolio."""
    return lambda limit, opening: judge(limit, opening, opening.portfolio)


def within(opening: Opening, held: float, most: float, unit: float, bound: float) -> Verdict | None:
    """Keep `held` + the opening's size at `most` at most; figures are reported as fractions of `unit`."""
    total = held + opening.size
    if total <= most:
        return None
    return Verdict(max(0.0, most - held), total / unit if unit > 0 else float("inf"), bound)


def within_percent(opening: Opening, held: float, unit: float, percent: float) -> Verdict | None:
    """Keep `held` + the opening's size at `percent` of `unit` at most; figures are reported in percent."""
    verdict = within(opening, held, unit * percent / 100, unit, percent)
    return verdict and verdict._replace(figure=verdict.figure * 100)


def refused(figure: float, bound: float) -> Verdict:
    """Let nothing through."""
    return Verdict(0.0, figure, bound)


def require(name: str, value: float, *, above: float, at_most: float | None = None) -> None:
    """Raise ValueError where a setting is out of its range."""
    if not (value > above and (at_most is None or value <= at_most)):
        upper = "" if at_most is None else f" and at most {at_most:g}"
        raise ValueError(f"{name} must be more than {above:g}{upper}, not {value:g}")


def require_one_of(name: str, value: object, allowed: Collection[str]) -> None:
    """Raise ValueError where a setting is none of those that are allowed."""
    if value not in allowed:
        raise ValueError(f"{name} must be {' or '.join(allowed)}, not {value!r}")
