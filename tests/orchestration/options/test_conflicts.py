"""Two strategies that say the same structure, or its opposite, at one step: policies settle it in whole structures."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrate.domain.events import StrategyConflictDetectedEvent
from orchestrate.domain.options.structure import Leg, Structure
from orchestrate.domain.orders.conflicts import Settle
from orchestrate.domain.strategies.protocols import Context, Signal
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.risk.policies.netting import net_signal, weighted_average
from orchestrate.orchestration.risk.policies.sides import cancel_both, first_wins, independent
from tests.orchestration.harness import HarnessRun, Part, Scripted, run_harness
from tests.orchestration.options.chains import contract, options_market
from tests.orchestration.options.test_structures import condor

Script = list[Signal] | Callable[[Context], list[Signal]]


def market():
    return options_market((100,) * 5)


def settled(policy: Settle, *scripts: dict[int, Script]) -> HarnessRun:
    parts = {f"s{number}": Part(Scripted(script), ("X", "XO"), 50) for number, script in enumerate(scripts)}
    return run_harness(market(), parts, coordinator=StrategyCoordinator(policy), capital=20_000)


def opposite(quantity: int = 1) -> Structure:
    """The condor's legs the other way round, in another order."""
    return Structure(tuple(reversed(condor(market()).reversed().legs)), quantity)


@pytest.mark.parametrize(
    ("policy", "left"),
    [(independent, (3.0, 2.0)), (first_wins, (3.0, 0.0)), (cancel_both, (0.0, 0.0)), (net_signal, (1.0, 0.0))],
)
def test_opposite_structures_are_settled_whole(policy, left):
    one, other = Signal.structure(condor(market(), 3)), Signal.structure(opposite(2))
    run = settled(policy, {0: [one]}, {0: [other]})
    assert tuple(run.reasons(name)[0][2] for name in ("s0", "s1")) == left
    assert [bool(run.fills(name)) for name in ("s0", "s1")] == [bool(quantity) for quantity in left]
    (conflict,) = run.of(StrategyConflictDetectedEvent)
    assert conflict.conflict_type == "opposite"
    assert conflict.symbol == condor(market()).canonical == opposite().canonical


@pytest.mark.parametrize("policy", [independent, cancel_both, net_signal])
def test_structures_of_one_side_pass(policy):
    same = Structure(tuple(reversed(condor(market()).legs)), 2)
    run = settled(policy, {0: [Signal.structure(condor(market()))]}, {0: [Signal.structure(same)]})
    assert [run.reasons(name)[0][2] for name in ("s0", "s1")] == [1.0, 2.0]
    assert run.of(StrategyConflictDetectedEvent)[0].conflict_type == "same_side"


def test_shares_of_a_policy_are_whole_structures():
    """Half of three is one and a half: one passes."""
    run = settled(
        weighted_average, {0: [Signal.structure(condor(market(), 3))]}, {0: [Signal.structure(condor(market(), 3))]}
    )
    assert [run.reasons(name)[0] for name in ("s0", "s1")] == [("resized", "conflict", 1.0)] * 2


def test_other_structures_on_the_chain_are_no_conflict():
    put = Structure((condor(market()).legs[1],))
    run = settled(cancel_both, {0: [Signal.structure(condor(market()))]}, {0: [Signal.structure(put.reversed())]})
    assert run.of(StrategyConflictDetectedEvent) == []


def test_a_close_passes_whatever_the_policy():
    script: dict[int, Script] = {0: [Signal.structure(condor(market()))], 1: [Signal.close(condor(market()))]}
    run = settled(first_wins, {1: [Signal.structure(condor(market()))]}, script)
    assert [outcome for outcome, _, _ in run.reasons("s1")[:2]] == ["approved", "approved"]
    assert not run.results["s1"].open_positions


def test_a_roll_is_never_cut():
    wing = condor(market()).legs[0]
    held = Structure((wing,), 3)
    to = Structure((Leg(contract(market(), "put", 95)),))
    rolling: dict[int, Script] = {0: [Signal.structure(held)], 1: [Signal.roll(held, to)]}
    back: dict[int, Script] = {0: [Signal.structure(to)], 1: [Signal.roll(to, held.times(1))]}
    run = settled(net_signal, rolling, back)
    assert run.reasons("s0")[1] == ("rejected", "conflict", 0.0)
    assert [record.reason for record in run.orchestrator.fills if record.fill.strategy_id == "s0"][1:] == ["settlement"]
