"""Bars that are sent as ticks and built again make the run of the stored ones, on both engines, natives included."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from orchestrate.domain.errors import DataError
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.ticks.replay import lengths_of, ticks_of
from orchestrate.domain.ticks.steps import StepBuilder, steps_of
from tests.engines.builders import DAY
from tests.live.replayed import replayed_facts, stamped
from tests.orchestration.loop.feed_runs import ENGINES, NATIVES, PORTABLES, Part, facts, stage
from tests.orchestration.loop.test_feed_clock import PARTS, PLANS, RULES, SPANS

HALF: dict[str, int] = {"B": DAY // 2}


@pytest.mark.uncounted
@settings(deadline=None, max_examples=10, phases=[Phase.explicit, Phase.generate])  # to shrink whole runs takes minutes
@given(
    seed=st.integers(0, 1_000),
    spans=SPANS,
    rules=RULES,
    parts=PARTS,
    natives=st.sets(st.integers(0, len(NATIVES) - 1), max_size=2),
    plan=st.sampled_from(PLANS),
    lengths=st.sampled_from([{}, HALF]),
)
def test_replayed_ticks_make_the_run_of_stored_bars(
    seed: int,
    spans: list[tuple[int, int]],
    rules: ExecutionRules,
    parts: list[Any],
    natives: set[int],
    plan: Any,
    lengths: dict[str, int],
) -> None:
    scene = stamped(stage(seed, [(0, 45), *spans]), lengths)
    together = [*(Part(*each) for each in parts), *(NATIVES[each] for each in sorted(natives))]
    stored = facts(together, scene, rules, plan=plan)
    replayed = replayed_facts(together, scene, rules, plan=plan)
    assert stored["fills"]
    for name in stored:
        assert replayed[name] == stored[name], name


@pytest.mark.parametrize("fill", ["next_open", "close"])
def test_every_kind_trades_in_the_run_that_is_replayed(fill: Any) -> None:
    scene, rules = stamped(stage(3, [(0, 45), (5, 40)])), ExecutionRules(fill=fill)
    together = [*(Part(make, ENGINES[number % 2]) for number, make in enumerate(PORTABLES)), *NATIVES]
    replayed = replayed_facts(together, scene, rules)
    assert {record.fill.strategy_id for record in replayed["fills"]} == {f"s{each}" for each in range(len(together))}
    assert replayed == facts(together, scene, rules)


def test_a_feed_that_announces_no_end_gives_the_same_fills() -> None:
    scene, parts = (
        stamped(stage(3, [(0, 30), (4, 20)])),
        [Part(PORTABLES[0], "nautilus"), Part(PORTABLES[2], "backtrader")],
    )
    stored, replayed = (
        facts(parts, scene, ExecutionRules()),
        replayed_facts(parts, scene, ExecutionRules(), announced=False),
    )
    for name in ("fills", "curves", "strategies", "steps"):
        assert replayed[name] == stored[name]


def columns(scene: Market) -> dict[str, list[Any]]:
    return {symbol: [series.bar(row) for row in range(len(series))] for symbol, series in scene.series.items()}


@given(seed=st.integers(0, 1_000), lengths=st.sampled_from([{}, HALF]), grace=st.integers(0, 3))
def test_bars_built_of_their_ticks_are_the_same_bars(seed: int, lengths: dict[str, int], grace: int) -> None:
    scene = stamped(stage(seed, [(0, 20), (3, 9), (5, 15)]), lengths)
    steps = list(steps_of(ticks_of(scene), StepBuilder(lengths_of(scene), grace=grace * DAY)))
    assert [step.t for step in steps] == scene.timeline.stamps.tolist()
    for symbol, bars in columns(scene).items():
        assert [step.bars[symbol] for step in steps if symbol in step.bars] == bars


def test_bars_off_the_grid_are_not_replayed_as_ticks() -> None:
    scene = stamped(stage(3, [(0, 20)], start=3_600_000_000_000))
    with pytest.raises(DataError, match="A: its bar at 1970-01-01T01:00:00Z does not begin on a multiple"):
        list(ticks_of(scene))
