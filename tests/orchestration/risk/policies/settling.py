"""Demands of a few strategies on their way through the conflicts stage, and a view for policies alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from orchestrate.domain.accounts import IsolatedAccount
from orchestrate.domain.books import Book, Position
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.conflicts import ConflictDemand, ConflictView, Exits, Settle
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.intents import Intent
from orchestrate.domain.orders.order import Demand
from orchestrate.orchestration.orders.blotter import Blotter
from orchestrate.orchestration.risk.buying_power import BuyingPower
from orchestrate.orchestration.risk.exposure import Exposure
from orchestrate.orchestration.risk.pipeline import Resources
from orchestrate.orchestration.risk.policies.stage import SettleConflicts
from orchestrate.orchestration.strategies.compatibility import StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig, StrategyEntry
from tests.engines.builders import market_of, series


def wants(strategy_id: str, quantity: float, *, closing: bool = False) -> Demand:
    return Demand(strategy_id, "A", quantity, closing, 10.0, 0, 0)


def entries_of(
    weights: Mapping[str, float],
    priorities: Mapping[str, int] | None = None,
    held: Mapping[str, float] | None = None,
) -> dict[str, StrategyEntry]:
    """Strategies with weights in percent, in the order of the file, and what they hold of A."""
    entries = {}
    for name, weight in weights.items():
        metadata = StrategyMetadata(name, symbols=("A",), priority=(priorities or {}).get(name, 0))
        share = AllocationConfig(Decimal(str(weight)))
        entry = StrategyEntry(object(), metadata, share, "x", symbols=("A",), account=IsolatedAccount(1e6))
        entry.book = Book(name, 1e6)
        quantity = (held or {}).get(name, 0.0)
        if quantity:
            entry.book.positions["A"] = Position(Instrument("A"), quantity, 10.0)
        entries[name] = entry
    return entries


def _no_exposure() -> Exposure:
    raise AssertionError("without limits nobody asks for it")


def stage_of(
    entries: Mapping[str, StrategyEntry],
    settle: Settle,
    exits: Exits = "protected",
    rules: ExecutionRules | None = None,
    blotter: Blotter | None = None,
) -> SettleConflicts:
    """The stage alone."""
    stage, known = market_of(series("A", [(10.0, 10.0)] * 3)), rules or ExecutionRules()
    orders = blotter or Blotter({name: rank for rank, name in enumerate(entries)})
    prices = {"A": 10.0}
    power = BuyingPower(entries, orders, prices, stage.series, stage.instruments, known)
    resources = Resources(entries, prices, stage.instruments, orders, power, _no_exposure, known)
    return SettleConflicts(settle, settle.__name__, exits, resources)


def settled(stage: SettleConflicts, demands: Sequence[Demand]) -> list[float]:
    """The quantities that the stage leaves of the demands."""
    intents = [Intent.of(demand) for demand in demands]
    stage(intents)
    return [intent.quantity for intent in intents]


def view(
    weights: Mapping[str, float], priorities: Mapping[str, int] | None = None, **held: Mapping[str, float]
) -> ConflictView:
    return ConflictView(weights, priorities or dict.fromkeys(weights, 0), held, {"A": 10.0})


def demands_of(quantities: Mapping[str, float]) -> list[ConflictDemand]:
    return [ConflictDemand(name, "A", quantity, False, 10.0) for name, quantity in quantities.items()]
