"""Tests at whose last close all positions are closed: each a run of its own, with what the one before it has left."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from orchestrate.analytics.tracks.run import Tracks
from orchestrate.analytics.tracks.stitching import since, stitched
from orchestrate.analytics.tracks.track import Track
from orchestrate.domain.results import Finding
from orchestrate.runs.sweeps.windows import WindowRow
from orchestrate.usecases.sweeping.walk_forward.ground import WHERE, Ground, Tested, Training
from orchestrate.usecases.sweeping.walk_forward.spans import test_plan


def flattened(ground: Ground, trainings: Sequence[Training]) -> Tested:
    """Run what each training picks on its test, one after the other."""
    capital = ground.base.capital.total
    rows: list[WindowRow] = []
    tracks: list[Track] = []
    findings: list[Finding] = []
    for training in trainings:
        row, track = _tested(ground, training, capital, findings)
        rows.append(row)
        tracks.append(track)
        capital = Decimal(repr(float(track.equity[-1])))
    return Tested(tuple(rows), stitched(tracks), findings)


def _tested(ground: Ground, training: Training, capital: Decimal, findings: list[Finding]) -> tuple[WindowRow, Track]:
    """Run a test with this capital."""
    idle, begins = ground.idle(training.window, capital), training.test.start
    why = "" if training.point else training.why_none
    if capital <= 0:
        why = "the account has nothing left"
    if why:
        findings.append(Finding("warning", WHERE, f"{why}: the test from {begins} trades nothing"))
        return ground.row(training, {}, "no_trades", idle), idle
    result = ground.workbench.run(test_plan(training.plan, training.test, capital))
    track = since(Tracks(result), int(idle.stamps[0]))
    if result.status != "completed":
        findings.append(Finding("warning", WHERE, f"the test from {begins} is {result.status}"))
    return ground.row(training, training.point, str(result.status), track), track
