"""The rules of compatibility: each finds evidence among strategies that are to run together.

To add one: a function, and a line in `RULES` with its penalty and its remedy (or in `SYNERGIES`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from math import fsum
from operator import attrgetter
from typing import Final, NamedTuple

from orchestrate.domain.results import Severity
from orchestrate.domain.strategies.compatibility import SHARED_SYMBOL, Pair, PairStatistics, StrategyMetadata

#: Correlations above the one are warned of, those below the other diversify.
CORRELATED: Final = 0.8
DIVERSIFYING: Final = 0.3
_JOINT: Final = 0.5
_CONCENTRATED: Final = 2 / 3


@dataclass(frozen=True, slots=True)
class Candidates:
    """Strategies that are to run together, in the order of the file; `allocations` are percentages by id.

    `statistics` are there for pairs whose returns are known.
    """

    strategies: Sequence[StrategyMetadata]
    allocations: Mapping[str, Decimal]
    statistics: Mapping[Pair, PairStatistics]

    @property
    def pairs(self) -> Iterator[tuple[StrategyMetadata, StrategyMetadata]]:
        """Every two of them."""
        return combinations(self.strategies, 2)

    def users(self) -> dict[str, list[str]]:
        """Return the strategies of each symbol."""
        users: dict[str, list[str]] = {}
        for strategy in self.strategies:
            for symbol in strategy.symbols:
                users.setdefault(symbol, []).append(strategy.id)
        return users

    def concentration(self, groups: Callable[[StrategyMetadata], Sequence[str]]) -> float | None:
        """Herfindahl's index of the allocations by group, equally shared among a strategy's groups.

        None where a strategy has none, or nothing is allocated.
        """
        shares: dict[str, float] = {}
        for strategy in self.strategies:
            names = groups(strategy)
            for name in names:
                shares[name] = shares.get(name, 0.0) + float(self.allocations.get(strategy.id, 0)) / len(names)
            if not names:
                return None
        total = fsum(shares.values())
        return fsum((share / total) ** 2 for share in shares.values()) if total else None


def shared_symbols(first: StrategyMetadata, second: StrategyMetadata) -> tuple[str, ...]:
    """Return the symbols that both are known to trade."""
    return tuple(symbol for symbol in first.symbols if symbol in second.symbols)


class Evidence(NamedTuple):
    """Where a rule applies, in what words, and to which strategies."""

    where: str
    text: str
    strategies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a match takes off the score, and what can be done; `{where}` in the remedy is the match's place.

    One about `all_together` counts for the whole, not for each pair.
    """

    find: Callable[[Candidates], Iterable[Evidence]]
    penalty: int
    remedy: str
    severity: Severity = "warning"
    all_together: bool = False


def _over_allocated(candidates: Candidates) -> Iterator[Evidence]:
    total = sum(candidates.allocations.values(), Decimal(0))
    if total > 100:
        ids = tuple(strategy.id for strategy in candidates.strategies)
        yield Evidence("allocation", f"allocations sum to {total}%, more than 100%", ids)


def _unknown_dependency(candidates: Candidates) -> Iterator[Evidence]:
    for strategy_id in unknown_dependencies(candidates.strategies):
        yield Evidence(strategy_id, "depends on a strategy that takes no part", (strategy_id,))


def _circular_dependency(candidates: Candidates) -> Iterator[Evidence]:
    try:
        decision_order(candidates.strategies)
    except ValueError as error:
        yield Evidence("depends_on", str(error), ())


def _shared_symbol(candidates: Candidates) -> Iterator[Evidence]:
    for symbol, ids in candidates.users().items():
        if len(ids) > 1:
            yield Evidence(symbol, f"traded by {', '.join(ids)}: their orders can conflict", tuple(ids))


def _opposite_directions(candidates: Candidates) -> Iterator[Evidence]:
    for first, second, symbols in _opposed(candidates, attrgetter("direction"), {"long", "short"}):
        text = f"one is long only, one short only: their positions in {symbols} can cancel out"
        yield _of_pair(first, second, text)


def _opposite_styles(candidates: Candidates) -> Iterator[Evidence]:
    for first, second, symbols in _opposed(candidates, attrgetter("style"), {"trend", "reversion"}):
        yield _of_pair(first, second, f"one follows moves of {symbols}, one bets against them")


def _opposed(
    candidates: Candidates, trait: Callable[[StrategyMetadata], str], sides: set[str]
) -> Iterator[tuple[StrategyMetadata, StrategyMetadata, str]]:
    """Pairs on both sides of a trait that trade the same symbols, and these."""
    for first, second in candidates.pairs:
        symbols = shared_symbols(first, second)
        if symbols and {trait(first), trait(second)} == sides:
            yield first, second, _named(symbols)


def _same_idea(candidates: Candidates) -> Iterator[Evidence]:
    for first, second in candidates.pairs:
        alike = first.style and (first.style, first.direction) == (second.style, second.direction)
        if alike and set(first.symbols) == set(second.symbols):
            yield _of_pair(first, second, f"the same style ({first.style}) on the same symbols")


def _leverage(candidates: Candidates) -> Iterator[Evidence]:
    used = fsum(
        float(candidates.allocations.get(strategy.id, 0)) / 100 * strategy.leverage
        for strategy in candidates.strategies
        if strategy.leverage is not None
    )
    if used > 1.0 + 1e-9:
        levered = tuple(strategy.id for strategy in candidates.strategies if strategy.leverage is not None)
        yield Evidence("leverage", f"{', '.join(levered)} may hold {used:.2f} times the capital", levered)


def _concentrated(candidates: Candidates) -> Iterator[Evidence]:
    index = candidates.concentration(lambda strategy: strategy.symbols)
    if index is not None and index > _CONCENTRATED:
        ids = tuple(strategy.id for strategy in candidates.strategies)
        yield Evidence("symbols", f"most capital trades few symbols (Herfindahl index {index:.2f})", ids)


def _correlated(candidates: Candidates) -> Iterator[Evidence]:
    for (first, second), figures in candidates.statistics.items():
        if figures.correlation is not None and figures.correlation > CORRELATED:
            text = f"their returns have a correlation of {figures.correlation:.2f}"
            yield Evidence(f"{first}, {second}", text, (first, second))


def _joint_drawdowns(candidates: Candidates) -> Iterator[Evidence]:
    for (first, second), figures in candidates.statistics.items():
        if figures.joint_drawdowns is not None and figures.joint_drawdowns > _JOINT:
            text = f"{figures.joint_drawdowns:.0%} of their deep drawdowns are at the same time"
            yield Evidence(f"{first}, {second}", text, (first, second))


def _of_pair(first: StrategyMetadata, second: StrategyMetadata, text: str) -> Evidence:
    return Evidence(f"{first.id}, {second.id}", text, (first.id, second.id))


def _named(symbols: Sequence[str]) -> str:
    return ", ".join(symbols[:3]) + (", …" if len(symbols) > 3 else "")


RULES: Final[dict[str, Rule]] = {
    "over_allocated": Rule(
        _over_allocated,
        50,
        "lower the allocations to 100% in all, or normalize them",
        severity="error",
        all_together=True,
    ),
    "unknown_dependency": Rule(
        _unknown_dependency, 50, "add what {where} depends on, or take it out of depends_on", severity="error"
    ),
    "circular_dependency": Rule(
        _circular_dependency, 50, "break the circle of depends_on", severity="error", all_together=True
    ),
    SHARED_SYMBOL: Rule(_shared_symbol, 5, "see in portfolio.conflicts how {where} is settled"),
    "opposite_directions": Rule(_opposite_directions, 5, "give {where} different symbols, or net them"),
    "opposite_styles": Rule(_opposite_styles, 3, "give {where} different symbols, or choose a policy for conflicts"),
    "same_idea": Rule(_same_idea, 10, "drop one of {where}, or give them different symbols"),
    "leverage": Rule(
        _leverage, 10, "lower the leverage or the allocations, or set portfolio.limits", all_together=True
    ),
    "concentrated": Rule(_concentrated, 5, "spread the capital over more symbols", all_together=True),
    "correlated": Rule(_correlated, 10, "lower the allocations of {where}: together they are one bet"),
    "joint_drawdowns": Rule(_joint_drawdowns, 5, "set a drawdown limit, or lower the allocations of {where}"),
}


def _diversifier(candidates: Candidates) -> Iterator[Evidence]:
    for (first, second), figures in candidates.statistics.items():
        if figures.correlation is not None and figures.correlation < DIVERSIFYING:
            text = f"their returns have a correlation of {figures.correlation:.2f}: they diversify"
            yield Evidence("", text, (first, second))


def _complementary_styles(candidates: Candidates) -> Iterator[Evidence]:
    for first, second in candidates.pairs:
        if first.style and second.style and first.style != second.style and not shared_symbols(first, second):
            yield _of_pair(first, second, f"different styles ({first.style}, {second.style}) on different symbols")


def _different_classes(candidates: Candidates) -> Iterator[Evidence]:
    for first, second in candidates.pairs:
        if first.asset_class and second.asset_class and first.asset_class != second.asset_class:
            yield _of_pair(first, second, f"different asset classes ({first.asset_class}, {second.asset_class})")


#: What speaks for two strategies together; it adds nothing to the score.
SYNERGIES: Final[dict[str, Callable[[Candidates], Iterable[Evidence]]]] = {
    "diversifier": _diversifier,
    "complementary_styles": _complementary_styles,
    "different_classes": _different_classes,
}


def unknown_dependencies(strategies: Sequence[StrategyMetadata]) -> list[str]:
    """Ids of strategies that depend on one that isn't among `strategies`."""
    known = {strategy.id for strategy in strategies}
    return [strategy.id for strategy in strategies if not known.issuperset(strategy.depends_on)]


def decision_order(strategies: Sequence[StrategyMetadata]) -> list[str]:
    """Return the order of calls: dependencies first, then priority, then id. ValueError on a cycle."""
    waiting = sorted(strategies, key=lambda strategy: (strategy.priority, strategy.id))
    known = {strategy.id for strategy in strategies}
    ordered: list[str] = []
    while waiting:
        ready = next((s for s in waiting if all(name in ordered or name not in known for name in s.depends_on)), None)
        if ready is None:
            raise ValueError(f"{', '.join(strategy.id for strategy in waiting)} depend on one another in a circle")
        ordered.append(ready.id)
        waiting.remove(ready)
    return ordered
