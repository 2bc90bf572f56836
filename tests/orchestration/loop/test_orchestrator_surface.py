"""`UnifiedStrategyOrchestrator` and the names around it, as the users' documents call them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import backtrader as bt
import pytest
from nautilus_trader.trading.strategy import Strategy

from orchestrate import UnifiedStrategyOrchestrator
from orchestrate.domain import engines
from orchestrate.domain.events import (
    StrategyAddedEvent,
    StrategyPausedEvent,
    StrategyRemovedEvent,
    StrategyResumedEvent,
)
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.order import Reason, StrategyCommand
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.strategies.compatibility import (
    CompatibilityAnalyzer,
    CompatibilityReport,
    StrategyMetadata,
)
from orchestrate.orchestration.strategies.registry import AllocationConfig
from tests.engines.builders import market_of, series
from tests.orchestration.harness import Scripted

BARS = [(10.0, 10.0)] * 6


def built() -> UnifiedStrategyOrchestrator:
    return UnifiedStrategyOrchestrator(PortfolioCapitalManager(), StrategyCoordinator(), CompatibilityAnalyzer())


@pytest.fixture
def orchestrator() -> UnifiedStrategyOrchestrator:
    return built()


def add(orchestrator: UnifiedStrategyOrchestrator, name: str, pct: str = "40", **metadata: Any) -> None:
    orchestrator.add_strategy(
        Scripted({}), StrategyMetadata(id=name, **metadata), AllocationConfig(target_pct=Decimal(pct))
    )


# ---- modes and who takes part


@pytest.mark.parametrize(
    ("config", "mode"),
    [
        ({"strategy": "MOMENTUM"}, "single"),
        ({"strategy": {"name": "MOMENTUM"}, "mode": "single"}, "single"),
        ({"strategies": {"a": {}}}, "multi"),
        ({"strategies": [], "mode": "multi"}, "multi"),
    ],
)
def test_the_mode_is_read_off_the_shape(orchestrator: UnifiedStrategyOrchestrator, config: Any, mode: str) -> None:
    assert orchestrator.detect_mode(config) == mode


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "has either 'strategy'"),
        ({"strategy": "A", "strategies": {}}, "has either 'strategy'"),
        ({"strategy": "A", "mode": "multi"}, "mode is 'multi', but the configuration has the shape of 'single'"),
        ({"strategies": {}, "mode": "single"}, "shape of 'multi'"),
        ({"strategies": {}, "mode": "hybrid"}, "Unknown mode: 'hybrid'"),
        ({"mode": "single"}, "has either"),
    ],
)
def test_shapes_that_are_none(orchestrator: UnifiedStrategyOrchestrator, config: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        orchestrator.detect_mode(config)


def test_adding_and_removing(orchestrator: UnifiedStrategyOrchestrator) -> None:
    assert not orchestrator.is_single_strategy_mode
    add(orchestrator, "a")
    assert orchestrator.is_single_strategy_mode
    add(orchestrator, "b", pct="25.5")
    assert not orchestrator.is_single_strategy_mode
    assert list(orchestrator.strategies) == ["a", "b"]
    assert orchestrator.strategies["a"].framework == "backtrader"
    assert orchestrator.strategies["b"].allocation.target_pct == Decimal("25.5")
    orchestrator.remove_strategy("a")
    assert list(orchestrator.strategies) == ["b"]
    orchestrator.pause_strategy("b")
    assert orchestrator.strategies["b"].status == "paused"
    orchestrator.resume_strategy("b")
    assert orchestrator.strategies["b"].status == "active"
    assert orchestrator.events == [
        StrategyAddedEvent("a", Decimal(40)),
        StrategyAddedEvent("b", Decimal("25.5")),
        StrategyRemovedEvent("a"),
        StrategyPausedEvent("b"),
        StrategyResumedEvent("b"),
    ]


class OfBacktrader(bt.Strategy): ...  # type: ignore[misc]  # Backtrader has no types


class OfNautilus(Strategy): ...


class OfBoth(bt.Strategy, Strategy): ...  # type: ignore[misc]  # Backtrader has no types


@pytest.mark.parametrize(("native", "engine"), [(OfBacktrader, "backtrader"), (OfNautilus, "nautilus")])
def test_the_engine_of_a_native_is_that_of_its_class(
    orchestrator: UnifiedStrategyOrchestrator, native: type, engine: str
) -> None:
    orchestrator.add_strategy(native, StrategyMetadata("n"), AllocationConfig(10))
    orchestrator.add_strategy(native, StrategyMetadata("m"), AllocationConfig(10), framework=engine, kind=engine)
    assert {(one.framework, one.kind, one.is_native) for one in orchestrator.strategies.values()} == {
        (engine, engine, True)
    }


@pytest.mark.parametrize(
    ("strategy", "how", "message"),
    [
        (Scripted, {}, r"'n': Scripted is a class of no engine: pass an instance, Scripted\(\), or with kind= the"),
        (OfNautilus(), {}, "'n': nautilus makes its strategies itself, pass the class"),
        (OfBoth, {}, "OfBoth is a strategy of backtrader and of nautilus: split it into two classes"),
        (OfNautilus, {"framework": "backtrader"}, "'n' is one of nautilus, it can't run on backtrader"),
        (OfNautilus, {"framework": "backtrader", "kind": "nautilus"}, "'n' is one of nautilus, it can't run on"),
    ],
)
def test_a_class_that_no_engine_can_take(
    orchestrator: UnifiedStrategyOrchestrator, strategy: object, how: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        orchestrator.add_strategy(strategy, StrategyMetadata("n"), AllocationConfig(10), **how)
    assert not orchestrator.strategies


def test_a_framework_of_ones_own(orchestrator: UnifiedStrategyOrchestrator) -> None:
    orchestrator.add_strategy(
        Scripted({}), StrategyMetadata(id="n"), AllocationConfig(Decimal(10)), framework="nautilus", kind="on_bar"
    )
    assert (orchestrator.strategies["n"].framework, orchestrator.strategies["n"].kind) == ("nautilus", "on_bar")
    with pytest.raises(ValueError, match="Unknown framework: 'zipline'; there are backtrader, nautilus"):
        orchestrator.add_strategy(
            Scripted({}), StrategyMetadata(id="z"), AllocationConfig(Decimal(10)), framework="zipline"
        )
    assert list(orchestrator.strategies) == ["n"]


def test_a_registered_engine_is_a_framework(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engines.ENGINES, "lab", engines.Engine("lab", "", ""))
    orchestrator = built()
    orchestrator.add_strategy(
        Scripted({}), StrategyMetadata(id="n"), AllocationConfig(Decimal(10)), framework="lab", kind="on_bar"
    )
    assert orchestrator.strategies["n"].framework == "lab"


def test_without_engines_there_is_no_orchestrator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "ENGINES", {})
    with pytest.raises(ValueError, match="import from `orchestrate` alone, or pass `frameworks`"):
        built()


@pytest.mark.parametrize("action", ["remove_strategy", "pause_strategy", "resume_strategy"])
def test_strangers_are_refused(orchestrator: UnifiedStrategyOrchestrator, action: str) -> None:
    with pytest.raises(ValueError, match="Unknown strategy: nobody"):
        getattr(orchestrator, action)("nobody")


def test_what_can_not_be_done_twice(orchestrator: UnifiedStrategyOrchestrator) -> None:
    add(orchestrator, "a")
    with pytest.raises(ValueError, match="'a' takes part already"):
        add(orchestrator, "a")
    with pytest.raises(ValueError, match="is active, it can't be resumed"):
        orchestrator.resume_strategy("a")
    orchestrator.pause_strategy("a")
    with pytest.raises(ValueError, match="is paused, it can't be paused"):
        orchestrator.pause_strategy("a")


def test_once_a_run_has_begun(orchestrator: UnifiedStrategyOrchestrator) -> None:
    with pytest.raises(ValueError, match="no run has begun"):
        _ = orchestrator.session
    add(orchestrator, "a", symbols=("A",))
    orchestrator.prepare(market_of(series("A", BARS)), ExecutionRules())
    orchestrator.remove_strategy("a")
    assert orchestrator.strategies["a"].status == "removed"
    with pytest.raises(ValueError, match="is removed, it can't be removed"):
        orchestrator.remove_strategy("a")


def test_coordinating_an_event_gives_commands() -> None:
    market = market_of(series("A", BARS))
    orchestrator = UnifiedStrategyOrchestrator(
        PortfolioCapitalManager(Decimal(1_000)), StrategyCoordinator(), CompatibilityAnalyzer()
    )
    for name, quantity in (("a", 10.0), ("b", 500.0), ("c", 0.5)):
        orchestrator.add_strategy(
            Scripted({0: [Signal.enter("A", quantity=quantity)]}),
            StrategyMetadata(id=name),
            AllocationConfig(target_pct=Decimal(30)),
        )
    orchestrator.prepare(market, ExecutionRules())
    first, second = list(market.timeline.events())[:2]
    commands = orchestrator.coordinate_execution(first)
    assert all(isinstance(command, StrategyCommand) for command in commands)
    assert [(c.strategy_id, c.action, c.order.id, c.order.quantity, c.reason) for c in commands] == [
        ("a", "submit", "a-1", 10.0, Reason.NONE),
        ("b", "submit", "b-1", 30.0, Reason.CAPITAL),
    ]
    assert orchestrator.coordinate_execution(second) == []
    assert orchestrator.strategies["c"].blocked == 1


# ---- compatibility


def test_an_id_alone_is_legal() -> None:
    alone = StrategyMetadata(id="a")
    assert (alone.name, alone.symbols, alone.priority, alone.depends_on) == ("", (), 0, ())
    with pytest.raises(ValueError, match="needs an id"):
        StrategyMetadata(id="")


@pytest.mark.parametrize("pct", [-1, 101, Decimal("100.01")])
def test_a_share_lies_between_nothing_and_all(pct: Any) -> None:
    with pytest.raises(ValueError, match=r"target_pct must lie in 0..100"):
        AllocationConfig(target_pct=Decimal(pct))


def test_strategies_that_get_along(orchestrator: UnifiedStrategyOrchestrator) -> None:
    add(orchestrator, "a", symbols=("A",))
    add(orchestrator, "b", symbols=("B",))
    assert orchestrator.validate_compatibility() == CompatibilityReport(100, (), (), True, ())


def test_strategies_that_do_not(orchestrator: UnifiedStrategyOrchestrator) -> None:
    add(orchestrator, "a", pct="60", symbols=("A", "B"))
    add(orchestrator, "b", pct="60", symbols=("B",), depends_on=("c", "nobody"))
    add(orchestrator, "c", pct="0", symbols=("C",), depends_on=("b",))
    report = orchestrator.validate_compatibility()
    assert not report.is_compatible
    assert report.score == 0
    findings = {(finding.severity, finding.where): finding.message for finding in report.findings}
    assert findings == {
        ("error", "allocation"): "allocations sum to 120%, more than 100%",
        ("error", "b"): "depends on a strategy that takes no part",
        ("error", "depends_on"): "b, c depend on one another in a circle",
        ("warning", "B"): "traded by a, b: their orders can conflict",
    }
    assert report.warnings == ("B: traded by a, b: their orders can conflict",)
    assert len(report.recommendations) == 4


@pytest.mark.parametrize("pct", [12.1, "12.1", Decimal("12.1")])
def test_a_share_is_the_figure_that_its_text_shows(pct: Any) -> None:
    assert AllocationConfig(target_pct=pct).target_pct == Decimal("12.1")
