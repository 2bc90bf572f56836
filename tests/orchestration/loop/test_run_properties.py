"""Whole runs under every policy, with limits, rebalances and common capital: what must not change them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate import wiring
from orchestrate.domain.events import StrategyPausedEvent, StrategyResumedEvent
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.plan import Sizing
from orchestrate.domain.portfolio import Appointment, Limits, PortfolioPlan, RebalancePlan
from orchestrate.domain.strategies.protocols import Context, Signal
from orchestrate.orchestration.risk.limits.losses import Cooldown, MaxDailyLoss, MaxDrawdown
from orchestrate.orchestration.risk.limits.sizes import (
    MaxFrameworkPct,
    MaxGrossLeverage,
    MaxNetLeverage,
    MaxPositionPct,
    MaxPositions,
    MaxSymbolPct,
)
from orchestrate.orchestration.risk.policies.registry import CONFLICT_POLICIES
from tests.backtest.own_strategies import Dips, Spread, Turning
from tests.engines.builders import DAY, START
from tests.engines.conformance.in_memory import InMemoryAdapter
from tests.orchestration.harness import HarnessRun, Part, prepare
from tests.orchestration.loop.feed_runs import stage
from tests.orchestration.risk.checked import Checked
from tests.whole_runs import whole_runs

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

ENGINES = ("in_memory", "backtrader", "nautilus")
SHARED: tuple[Limits, ...] = (
    {},
    {"max_symbol_pct": MaxSymbolPct(40), "max_gross_leverage": MaxGrossLeverage(0.7)},
    {"max_framework_pct": MaxFrameworkPct(45), "max_net_leverage": MaxNetLeverage(0.2)},
)
#: the one that goes by the order of the file
BY_ORDER = "first_wins"


class Resting:
    """Rests an entry one percent below each fifth close of a symbol, with a stop and a target."""

    def on_bar(self, context: Context) -> Iterator[Signal]:
        for symbol in context.symbols:
            bars = context.bars(symbol)
            if len(bars) % 5 == 2:
                close = bars[-1].close
                yield Signal.enter(symbol, limit=close * 0.99, stop_loss=close * 0.96, take_profit=close * 1.03)


@dataclass(frozen=True)
class Setting:
    """A random run but for its strategies' order and its schedule."""

    seed: int
    makes: Sequence[Any]
    engines: Sequence[str]
    policy: str
    exits: Any
    limits: Limits
    portfolio_limits: Limits
    rebalance: RebalancePlan
    pooled: bool
    fill: Any

    def run(self, order: Sequence[int] = (0, 1, 2), schedule: Sequence[Appointment] = ()) -> HarnessRun:
        """The run with its strategies in that order of the file; each of its decisions is checked."""
        parts = {
            f"s{number}": Part(
                self.makes[number](),
                ("A", "B"),
                30,
                Sizing("percent", Decimal(70)),
                priority=number,
                framework=self.engines[number],
                limits=self.limits,
            )
            for number in order
        }
        adapters: dict[str, Any] = {name: wiring.build_adapter(name, {}) for name in ENGINES[1:]}
        coordinator = Checked(
            CONFLICT_POLICIES[self.policy].settle, self.portfolio_limits, mode=self.policy, exits=self.exits
        )
        coordinator.rules = ExecutionRules(
            fill=self.fill, commission=Commission(percent=0.1), slippage=Slippage(percent=0.05)
        )
        coordinator.run = prepare(
            parts,
            adapters={"in_memory": InMemoryAdapter()} | adapters,
            coordinator=coordinator,
            portfolio=PortfolioPlan(rebalance=self.rebalance, schedule=tuple(schedule)),
            pooled=self.pooled,
        )
        coordinator.run.orchestrator.run(stage(self.seed, [(0, 50), (3, 40)]), coordinator.rules)
        return coordinator.run


def settings_of(limits: Sequence[Limits], policies: Sequence[str] = tuple(CONFLICT_POLICIES)) -> Any:
    kinds = [lambda: Turning(3), lambda: Turning(4, long_only=True), lambda: Dips(1), Spread, Resting]
    makes = st.sampled_from(kinds)
    return st.builds(
        Setting,
        seed=st.integers(0, 1_000),
        makes=st.tuples(makes, makes, makes),
        engines=st.tuples(*[st.sampled_from(ENGINES)] * 3),
        policy=st.sampled_from(policies),
        exits=st.sampled_from(["protected", "included"]),
        limits=st.sampled_from(limits),
        portfolio_limits=st.sampled_from(SHARED),
        rebalance=st.sampled_from([RebalancePlan(), RebalancePlan(Decimal("0.05"), "week")]),
        pooled=st.booleans(),
        fill=st.sampled_from(["next_open", "close"]),
    )


LOSSES: Limits = {"max_drawdown": MaxDrawdown(0.03)}
SIZES: Limits = {"max_position_pct": MaxPositionPct(50), "cooldown": Cooldown(3), "max_daily_loss": MaxDailyLoss(0.02)}
PLACES: Limits = {"max_positions": MaxPositions(1)}


def facts(run: HarnessRun) -> dict[str, dict[str, Any]]:
    """By strategy, all that became of it; details name the parties of a conflict in the order of the file."""
    decisions = run.orchestrator.session.log.decisions
    return {
        name: {
            "fills": [one for one in run.orchestrator.fills if one.fill.strategy_id == name],
            "decisions": [
                (one.t, one.decision.demand, one.decision.outcome, one.decision.quantity, one.decision.reason)
                for one in decisions
                if one.decision.demand.strategy_id == name
            ],
            "equity": result.equity.tolist(),
            "counts": (result.blocked, result.resized, result.status),
        }
        for name, result in run.results.items()
    }


@whole_runs(8)
@given(
    setting=settings_of([{}, SIZES, LOSSES, PLACES], [name for name in CONFLICT_POLICIES if name != BY_ORDER]),
    order=st.permutations([0, 1, 2]),
)
def test_the_order_of_the_file_changes_nothing(setting: Setting, order: list[int]) -> None:
    one, other = facts(setting.run()), facts(setting.run(order))
    assert any(own["fills"] for own in one.values())
    for name, own in one.items():
        for key, fact in own.items():
            assert other[name][key] == fact, (name, key)


@whole_runs(8)
@given(setting=settings_of([{}, SIZES, PLACES]), day=st.integers(1, 45), who=st.sampled_from(["s0", "s1", "s2"]))
def test_a_pause_that_is_over_at_once_changes_nothing(setting: Setting, day: int, who: str) -> None:
    """But what the journal says of it; a drawdown would begin anew at the resume, so none is limited here."""
    at = label_text(START + day * DAY)
    paused = setting.run(schedule=[Appointment(at, "pause", who), Appointment(at, "resume", who)])
    plain = setting.run()
    changes = paused.of(StrategyPausedEvent) + paused.of(StrategyResumedEvent)
    assert [change.strategy_id for change in changes] in ([], [who, who])
    assert [event for event in paused.events if event not in changes] == plain.events
    assert facts(paused) == facts(plain)
