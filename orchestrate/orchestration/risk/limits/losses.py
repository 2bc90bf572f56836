"""Limits on losses, beyond which nothing is opened any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from orchestrate.orchestration.risk.limits.opening import Opening, State, Verdict, refused, require, require_one_of

Action = Literal["flatten", "pause"]
PortfolioAction = Literal["flatten", "pause", "stop"]

#: A loss this near to its bound has reached it: 1 − 0.8 is less than 0.2 in floats.
GRAIN: Final = 1e-12


@dataclass(frozen=True, slots=True)
class MaxDailyLoss:
    """The largest loss of a UTC day, as a fraction of the last equity before it; nothing opens until the day ends."""

    fraction: float

    def __post_init__(self) -> None:
        require("fraction", self.fraction, above=0, at_most=1)


def max_daily_loss(limit: MaxDailyLoss, _opening: Opening, state: State) -> Verdict | None:
    """Refuse openings of a strategy, or of all, that has lost too much today."""
    return _where_reached(state.daily_loss, limit.fraction)


@dataclass(frozen=True, slots=True)
class MaxDrawdown:
    """The loss from the highest equity at which a strategy is flattened or paused; beyond it nothing opens."""

    at: float
    action: Action = "flatten"

    def __post_init__(self) -> None:
        require("at", self.at, above=0, at_most=1)
        require_one_of("action", self.action, get_args(Action))


@dataclass(frozen=True, slots=True)
class MaxPortfolioDrawdown:
    """The loss from the highest equity at which the portfolio is flattened, paused or stopped for good."""

    at: float
    action: PortfolioAction = "flatten"

    def __post_init__(self) -> None:
        require("at", self.at, above=0, at_most=1)
        require_one_of("action", self.action, get_args(PortfolioAction))


def max_drawdown(limit: MaxDrawdown | MaxPortfolioDrawdown, _opening: Opening, state: State) -> Verdict | None:
    """Refuse openings of a strategy, or of all, while its drawdown stands at the limit or beyond."""
    return _where_reached(state.drawdown, limit.at)


def _where_reached(loss: float, bound: float) -> Verdict | None:
    return refused(loss, bound) if loss + GRAIN >= bound else None


@dataclass(frozen=True, slots=True)
class Cooldown:
    """The bars after a losing exit on which nothing of the strategy opens."""

    bars: int

    def __post_init__(self) -> None:
        require("bars", self.bars, above=0)


def cooldown(limit: Cooldown, opening: Opening) -> Verdict | None:
    """Refuse openings on the bars after the exit; a market order opens on the bar after its decision."""
    since = opening.strategy.bars_since_loss
    if since is None:
        return None
    opens_on = since if opening.opens_at_once else since + 1
    return refused(opens_on, limit.bars) if opens_on <= limit.bars else None
