"""Compare the runs of one portfolio on several engines: order by order, trade by trade, and equity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from orchestrate.domain.engines import Difference, DifferenceKind, EngineProperty
from orchestrate.domain.market.stamps import EARLIEST, label_text
from orchestrate.domain.results import RunResult
from orchestrate.usecases.parity.facts import TOLERANCE, Fact, agree, orders_of, paired, status_of, trades_of

SCHEMA_VERSION: Final = 1
UNEXPLAINED: Final = "unexplained"
#: Of differences at one bar, what is a cause comes before what follows from it.
_RANKS: Final[dict[DifferenceKind, int]] = {"status": 0, "order": 1, "trade": 2, "equity": 3}
#: Names of two engines.
_Names = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many orders or trades were compared, and how many of them are the same."""

    compared: int
    equal: int

    def worse(self, other: Agreement) -> Agreement:
        """Return the one with more differences."""
        return max(self, other, key=lambda one: one.compared - one.equal)


@dataclass(frozen=True, slots=True)
class EquityAgreement:
    """How many steps of two equity curves were compared, and the largest distance between them."""

    steps: int
    worst: float

    def worse(self, other: EquityAgreement) -> EquityAgreement:
        """Return the one with the larger distance."""
        return max(self, other, key=lambda one: one.worst)


@dataclass(frozen=True, slots=True)
class StrategyParity:
    """How far engines agree on one strategy; of more than two, the pair that agrees least."""

    orders: Agreement
    trades: Agreement
    equity: EquityAgreement

    def worse(self, other: StrategyParity) -> StrategyParity:
        """Return the least agreement on each."""
        orders, trades = self.orders.worse(other.orders), self.trades.worse(other.trades)
        return StrategyParity(orders, trades, self.equity.worse(other.equity))

    def document(self) -> dict[str, dict[str, float]]:
        """Return it as JSON has it."""
        return {
            "orders": {"compared": self.orders.compared, "equal": self.orders.equal},
            "trades": {"compared": self.trades.compared, "equal": self.trades.equal},
            "equity": {"steps": self.equity.steps, "worst": self.equity.worst},
        }


@dataclass(frozen=True, slots=True)
class Parity:
    """How far engines agree on the portable strategies of a file; `skipped` are its natives."""

    engines: tuple[str, ...]
    strategies: Mapping[str, StrategyParity]
    differences: tuple[Difference, ...]
    skipped: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """True where there is no difference, explained or not."""
        return not self.differences

    def document(self, properties: Mapping[str, Sequence[EngineProperty]]) -> dict[str, Any]:
        """Return the report as JSON has it (docs/reference/parity.md).

        Differences are explained by the `properties` of their engines, where one of these applies.
        """
        return {
            "schema_version": SCHEMA_VERSION,
            "equal": self.equal,
            "strategies": {name: one.document() for name, one in self.strategies.items()},
            "differences": [_document(one, properties) for one in self.differences],
            "skipped": list(self.skipped),
        }


def _document(difference: Difference, properties: Mapping[str, Sequence[EngineProperty]]) -> dict[str, Any]:
    known = (one for engine in difference.sides for one in properties.get(engine, ()))
    explained = next((one.id for one in known if one.explains(difference)), UNEXPLAINED)
    return {
        "strategy": difference.strategy,
        "kind": difference.kind,
        "t": None if difference.t is None else label_text(difference.t),
        **difference.sides,
        "explained_by": explained,
    }


def compare(results: Mapping[str, RunResult], skipped: Sequence[str] = ()) -> Parity:
    """Compare the run on the first engine with that on each other one; `results` are by engine."""
    (first, one), *others = results.items()
    names = list(dict.fromkeys(name for result in results.values() for name in result.strategies))
    strategies: dict[str, StrategyParity] = {}
    differences: list[Difference] = []
    for engine, other in others:
        compared, found = _compared(one, other, (first, engine), names)
        differences += found
        strategies = {name: agreed.worse(strategies.get(name, agreed)) for name, agreed in compared.items()}
    places = {name: place for place, name in enumerate(names)}
    differences.sort(key=lambda each: (each.t or EARLIEST, _RANKS[each.kind], places.get(each.strategy, -1)))
    return Parity(tuple(results), strategies, tuple(differences), tuple(skipped))


def _compared(
    one: RunResult, other: RunResult, engines: _Names, names: Iterable[str]
) -> tuple[dict[str, StrategyParity], list[Difference]]:
    differences = list(_statuses(one, other, engines, ""))
    strategies = {}
    orders, other_orders = orders_of(one), orders_of(other)
    for name in names:
        differences += _statuses(one, other, engines, name)
        ordered = paired(orders.get(name, ()), other_orders.get(name, ()))
        traded = paired(trades_of(one.strategies.get(name)), trades_of(other.strategies.get(name)))
        unlike = list(_unlike(name, "order", ordered, engines)), list(_unlike(name, "trade", traded, engines))
        equity, apart = _equity(one, other, engines, name)
        strategies[name] = StrategyParity(
            Agreement(len(ordered), len(ordered) - len(unlike[0])),
            Agreement(len(traded), len(traded) - len(unlike[1])),
            equity,
        )
        differences += [*unlike[0], *unlike[1], *apart]
    return strategies, differences


def _statuses(one: RunResult, other: RunResult, engines: _Names, name: str) -> Iterator[Difference]:
    """Yield how a strategy ended where engines disagree, or where it failed: what failed proves nothing.

    The whole run, "", counts where it has an error of its own; its status else repeats that of its strategies.
    """
    (t, side), (other_t, other_side) = status_of(one, name), status_of(other, name)
    failed = side["error"] is not None or other_side["error"] is not None
    if failed or (name and side["status"] != other_side["status"]):
        first = min((each for each in (t, other_t) if each is not None), default=None)
        yield Difference(name, "status", first, dict(zip(engines, (side, other_side), strict=True)))


def _unlike(
    name: str, kind: DifferenceKind, pairs: Iterable[tuple[Fact | None, Fact | None]], engines: _Names
) -> Iterator[Difference]:
    for pair in pairs:
        one, other = pair
        if one is None or other is None or not agree(one.side, other.side):
            t = min(fact.t for fact in pair if fact is not None)
            sides = [None if fact is None else fact.side for fact in pair]
            yield Difference(name, kind, t, dict(zip(engines, sides, strict=True)))


def _equity(one: RunResult, other: RunResult, engines: _Names, name: str) -> tuple[EquityAgreement, list[Difference]]:
    """Return how far two curves agree, and the first step at which they don't."""
    if name not in one.strategies or name not in other.strategies:
        return EquityAgreement(0, 0.0), []
    curves = one.strategies[name].equity, other.strategies[name].equity
    steps = min(map(len, curves))
    distances = np.abs(curves[0][:steps] - curves[1][:steps])
    agreement = EquityAgreement(steps, float(distances.max(initial=0.0)))
    if agreement.worst <= TOLERANCE:
        return agreement, []
    step = int(np.argmax(distances > TOLERANCE))
    sides = {engine: {"equity": float(curve[step])} for engine, curve in zip(engines, curves, strict=True)}
    return agreement, [Difference(name, "equity", int(one.labels[step]), sides)]
