"""Random structures: whole or not at all, and the same on every engine to the cent."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from orchestrate import BacktraderOrchestrationAdapter, NautilusOrchestrationAdapter, OrchestrationPort
from orchestrate.domain.options.makers import collar, covered_call, iron_condor, strangle, vertical
from orchestrate.domain.options.structure import Structure
from orchestrate.domain.orders.execution import Commission, ExecutionRules
from orchestrate.domain.orders.option_rules import OptionRules
from orchestrate.domain.portfolio import PortfolioPlan
from orchestrate.domain.strategies.protocols import Context, Signal
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.risk.limits.sizes import MaxPositionPct
from orchestrate.orchestration.risk.policies.netting import net_signal
from tests.engines.conformance.in_memory import InMemoryAdapter
from tests.orchestration.harness import HarnessRun, Part, Scripted, prepare
from tests.orchestration.options.chains import contract, options_market

DAYS = 8
ENGINES = (InMemoryAdapter, BacktraderOrchestrationAdapter, NautilusOrchestrationAdapter)


def structures(market) -> list[Structure]:
    def option(right, strike):
        return contract(market, right, strike)

    wings = option("put", 90), option("put", 95), option("call", 105), option("call", 110)
    return [
        vertical(option("call", 100), option("call", 105)),
        iron_condor(*wings),
        strangle(option("put", 95), option("call", 105), sold=True),
        covered_call(option("call", 105)),
        collar(option("put", 95), option("call", 110)),
    ]


def random_market(numbers: np.random.Generator):
    """Ten percent of quotes lack a side or both, or are not there."""
    lacks = [(0.0, 0.0), (0.0, 0.4), (0.3, 0.0), (float("nan"), float("nan"))]
    quoted = {
        (day, right, float(strike)): lacks[numbers.integers(4)]
        for day in range(DAYS)
        for right in ("call", "put")
        for strike in (90, 95, 100, 105, 110)
        if numbers.random() < 0.1
    }
    closes = [100 + int(move) for move in np.cumsum(numbers.integers(-3, 4, DAYS))]
    return options_market(closes, quoted=quoted, expires=-1)


def script(seed: int, market) -> Scripted:
    """At each step open, close or roll, at random, with and without a limit."""
    numbers = np.random.default_rng(seed)

    def act(context: Context):
        known, limit = structures(market), float(numbers.integers(-3, 4))
        limit = limit if numbers.random() < 0.4 else None
        one, other = (known[numbers.integers(len(known))] for _ in range(2))
        held, choice = context.structures, numbers.random()
        if held and choice < 0.3:
            return [Signal.close(held[0], limit=limit)]
        if held and choice < 0.5 and held[0].structure.parts != other.parts:
            return [Signal.roll(held[0], other, limit=limit)]
        signal = Signal.structure(one, int(numbers.integers(1, 6)), limit=limit, tag=f"t{context.t}")
        return [signal, *([Signal.cancel(f"t{context.t - 86_400 * 10**9}")] if choice > 0.9 else [])]

    return Scripted(dict.fromkeys(range(DAYS), act))


def run_of(seed: int, engine: OrchestrationPort) -> HarnessRun:
    numbers = np.random.default_rng(seed)
    market = random_market(numbers)
    options = OptionRules(
        cross=float(numbers.choice([1.0, 0.5, 0.37])),
        quotes=str(numbers.choice(["decided", "next"])),  # type: ignore[arg-type]
        per_contract=float(numbers.choice([0.65, 1.0])),
        minimum=1.0,
    )
    rules = ExecutionRules(commission=Commission(per_share=0.005), options=options)
    limits = {"max_position_pct": MaxPositionPct(60.0)} if seed % 2 else {}
    parts = {
        name: Part(script(seed + place, market), ("X", "XO"), 50, framework=engine.framework, limits=limits)
        for place, name in enumerate(("a", "b"))
    }
    coordinator = StrategyCoordinator(net_signal)
    run = prepare(
        parts,
        adapters={engine.framework: engine},
        capital=int(numbers.integers(4, 60)) * 1_000,
        coordinator=coordinator,
        portfolio=PortfolioPlan(),
    )
    stepped(run.orchestrator, market, rules, pause_at=int(numbers.integers(DAYS)))
    return run


def stepped(orchestrator: CrossFrameworkOrchestrator, market, rules: ExecutionRules, pause_at: int) -> None:
    """Run, with one strategy paused from some step on."""
    orchestrator.begin(market, rules)
    for event in orchestrator.clock():
        if event.step == pause_at:
            orchestrator.pause_strategy("b")
        orchestrator.step(event)
    orchestrator.finish()
    orchestrator.end()


def torn(run: HarnessRun) -> list[str]:
    """The groups of legs of which some filled in other amounts than the rest."""
    session = run.orchestrator.session
    orders = {record.fill.order_id: record.fill for record in run.orchestrator.fills}
    by_group: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for name, fill in orders.items():
        if name in GROUPS:
            by_group[GROUPS[name]][fill.symbol] += fill.quantity
    assert session.blotter.where(lambda _order: True) == []
    wrong = []
    for group, filled in by_group.items():
        ratios = {leg.symbol: leg.units for leg in LEGS[group]}
        times = {filled.get(symbol, 0.0) / units for symbol, units in ratios.items()}
        wrong += [group] if len(times) != 1 else []
    return wrong


GROUPS: dict[str, str] = {}
LEGS: dict[str, tuple] = {}


@pytest.fixture(autouse=True)
def noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Note the group of each order, and the legs of each group."""
    from orchestrate.orchestration.loop.options.waiting import WaitingStructures
    from orchestrate.orchestration.orders.blotter import Blotter

    GROUPS.clear()
    LEGS.clear()
    place, take = Blotter.place, WaitingStructures.take

    def noting(self, demand, *rest):
        order = place(self, demand, *rest)
        if order.group is not None:
            GROUPS[order.id] = order.group.id
        return order

    def taking(self, intents):
        LEGS.update({intent.group.id: intent.legs for intent in intents if intent.structure is not None})
        take(self, intents)

    monkeypatch.setattr(Blotter, "place", noting)
    monkeypatch.setattr(WaitingStructures, "take", taking)


SEEDS = range(8)


@pytest.mark.parametrize("seed", SEEDS)
def test_structures_are_whole_and_engines_agree(seed):
    seen = []
    for engine in ENGINES:
        run = run_of(seed, engine())
        assert torn(run) == []
        fills = [
            (one.fill.order_id, one.fill.symbol, one.fill.quantity, one.fill.price, one.fill.fee, one.t)
            for one in run.orchestrator.fills
        ]
        equity = {name: np.round(result.equity, 2).tolist() for name, result in run.results.items()}
        seen.append((fills, equity, run.reasons("a"), run.reasons("b")))
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][0]
