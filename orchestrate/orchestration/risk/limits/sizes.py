"""Limits on how large positions may be."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrate.orchestration.risk.limits.opening import (
    Opening,
    State,
    Verdict,
    refused,
    require,
    within,
    within_percent,
)


@dataclass(frozen=True, slots=True)
class MaxPositionPct:
    """The largest position in one symbol, in percent of the strategy's equity; pooled: of its cap."""

    percent: float

    def __post_init__(self) -> None:
        require("percent", self.percent, above=0)


def max_position_pct(limit: MaxPositionPct, opening: Opening) -> Verdict | None:
    """Cut the opening to what the position may still grow by."""
    return within_percent(opening, abs(opening.strategy.size(opening.symbol)), opening.strategy.capital, limit.percent)


@dataclass(frozen=True, slots=True)
class MaxPositions:
    """The largest number of symbols that a strategy holds at once."""

    count: int

    def __post_init__(self) -> None:
        require("count", self.count, above=0)


def max_positions(limit: MaxPositions, opening: Opening) -> Verdict | None:
    """Refuse a further symbol where all places are taken."""
    held = opening.strategy.positions
    if opening.strategy.size(opening.symbol) or held < limit.count:
        return None
    return refused(held + 1, limit.count)


@dataclass(frozen=True, slots=True)
class MaxLeverage:
    """The largest worth of all positions of a strategy, as a multiple of its equity."""

    leverage: float

    def __post_init__(self) -> None:
        require("leverage", self.leverage, above=0)


def max_leverage(limit: MaxLeverage | MaxGrossLeverage, opening: Opening, state: State) -> Verdict | None:
    """Cut the opening to what the strategy, or the portfolio, may still add."""
    return within(opening, state.gross, limit.leverage * state.equity, state.equity, limit.leverage)


@dataclass(frozen=True, slots=True)
class MaxSymbolPct:
    """The largest worth of one symbol over all strategies, in percent of the portfolio's equity."""

    percent: float

    def __post_init__(self) -> None:
        require("percent", self.percent, above=0)


def max_symbol_pct(limit: MaxSymbolPct, opening: Opening) -> Verdict | None:
    """Cut the opening to what all strategies together may still add of its symbol."""
    state = opening.portfolio
    return within_percent(opening, state.size(opening.symbol), state.equity, limit.percent)


@dataclass(frozen=True, slots=True)
class MaxFrameworkPct:
    """The largest worth of all positions on each framework, in percent of the portfolio's equity."""

    percent: float

    def __post_init__(self) -> None:
        require("percent", self.percent, above=0)


def max_framework_pct(limit: MaxFrameworkPct, opening: Opening) -> Verdict | None:
    """Cut the opening to what the strategies on its framework may still add."""
    state = opening.portfolio
    return within_percent(opening, state.framework(opening.framework), state.equity, limit.percent)


@dataclass(frozen=True, slots=True)
class MaxGrossLeverage:
    """The largest worth of all positions, as a multiple of the portfolio's equity."""

    leverage: float

    def __post_init__(self) -> None:
        require("leverage", self.leverage, above=0)


@dataclass(frozen=True, slots=True)
class MaxNetLeverage:
    """The largest difference of long and short positions, as a multiple of the portfolio's equity."""

    leverage: float

    def __post_init__(self) -> None:
        require("leverage", self.leverage, above=0)


def max_net_leverage(limit: MaxNetLeverage, opening: Opening) -> Verdict | None:
    """Cut the opening where it takes the net worth further from zero than allowed."""
    state = opening.portfolio
    after = state.net + opening.worth
    most = limit.leverage * state.equity
    if abs(after) <= max(most, 0.0) or abs(after) < abs(state.net):
        return None
    along = state.net if opening.worth > 0 else -state.net
    return Verdict(
        max(0.0, most - along), abs(after) / state.equity if state.equity > 0 else float("inf"), limit.leverage
    )
