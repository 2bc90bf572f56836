"""Tests whose positions are carried from one to the next: one run, in which strategies take over from each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import fsum
from typing import Any

from orchestrate import wiring
from orchestrate.analytics.tracks.run import Tracks
from orchestrate.analytics.tracks.stitching import between, since, stitched
from orchestrate.analytics.tracks.track import Track
from orchestrate.domain.plan import RunPlan, StrategyPlan
from orchestrate.domain.results import Finding, RunResult
from orchestrate.runs.sweeps.windows import WindowRow
from orchestrate.usecases.running.run import run
from orchestrate.usecases.sweeping.walk_forward.ground import WHERE, Ground, Tested, Training
from orchestrate.usecases.sweeping.walk_forward.relay import Relay
from orchestrate.usecases.sweeping.walk_forward.spans import carrying_plan


def carried(ground: Ground, trainings: Sequence[Training]) -> Tested:
    """Run what each training picks on its test, in one run through all of them."""
    without = [one for one in trainings if not one.point]
    findings = [
        Finding("warning", WHERE, f"{one.why_none}: the test from {one.test.start} decides nothing") for one in without
    ]
    if len(without) == len(trainings):
        return Tested(*_idle(ground, trainings), findings)
    plan = carrying_plan(ground.base, trainings[0].train, trainings[0].test, trainings[-1].test)
    strategies = {strategy.id: _relay(strategy, trainings, plan) for strategy in plan.strategies}
    result = run(plan, strategies=strategies, lookahead=False, cache=ground.cache)
    if result.status != "completed":
        findings.append(Finding("warning", WHERE, f"the run through all tests is {result.status}"))
    rows = tuple(_row(ground, training, result) for training in trainings)
    return Tested(
        rows,
        since(Tracks(result), int(ground.market.timeline.stamps[trainings[0].window.test[0]])),
        findings,
    )


def _relay(strategy: StrategyPlan, trainings: Sequence[Training], plan: RunPlan) -> object:
    """Return a strategy that has the parameters of each pick in turn; what its code raises takes its place."""
    description = wiring.describe(strategy.reference, plan.root)

    def leg(training: Training) -> Any:
        if not training.point:
            return None
        own = next(one for one in training.plan.strategies if one.id == strategy.id)
        return wiring.load(description, own.config)

    try:
        return Relay([(training.test.first, leg(training)) for training in trainings])
    except Exception as error:
        return error


def _row(ground: Ground, training: Training, result: RunResult) -> WindowRow:
    """Return a window with the part of the run that is its test."""
    fills = tuple(one for one in result.fills if training.test.first <= one.t <= training.test.last)
    first, last = (int(ground.market.timeline.stamps[training.window.test[at]]) for at in (0, -1))
    track = between(Tracks(replace(result, fills=fills)), first, last, fsum(one.fill.fee for one in fills))
    return ground.row(training, training.point, str(result.status), track)


def _idle(ground: Ground, trainings: Sequence[Training]) -> tuple[tuple[WindowRow, ...], Track]:
    """Return windows none of which trades, and the account."""
    tracks = [ground.idle(one.window, ground.base.capital.total) for one in trainings]
    rows = (ground.row(one, {}, "no_trades", track) for one, track in zip(trainings, tracks, strict=True))
    return tuple(rows), stitched(tracks)
