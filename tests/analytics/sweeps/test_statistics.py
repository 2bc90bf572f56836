"""The figures of a sweep together, and what its verdict says of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from orchestrate.analytics import overfitting
from orchestrate.analytics.sweeps.landscape import landscape
from orchestrate.analytics.sweeps.neighbours import Edge
from orchestrate.analytics.sweeps.statistics import Evidence, SweepFigures, sweep_figures
from orchestrate.analytics.sweeps.verdict import Standing, verdict
from orchestrate.domain.sweeps import Axis

LENGTH = Axis("length", ("config", "length"), tuple(range(5, 25)))


def evidence(edge=0.0, days=512, trials=None, width=2):
    """Twenty trials of noise; those around the eleventh have an edge, which is picked."""
    returns = np.random.default_rng(8).standard_normal((days, 20)) * 0.01
    if trials is None:
        returns[:, 10 - width : 11 + width] += edge
    scores = returns.mean(axis=0) / returns.std(axis=0, ddof=1) if days > 1 else np.zeros(20)
    points = [{"length": value} for value in LENGTH.values]
    return Evidence(returns, 10, trials or 20, landscape((LENGTH,), points, scores, grid=True), 10)


def test_the_figures_are_those_of_the_functions():
    given = evidence(edge=0.001)
    figures = sweep_figures(given)
    sample, sharpes = given.returns[:, 10], given.returns.mean(axis=0) / given.returns.std(axis=0, ddof=1)
    about = (sample - sample.mean()) / sample.std()
    moments = (sharpes[10], 512, (about**3).mean(), (about**4).mean())
    values = figures.values
    assert values["probabilistic_sharpe"] == pytest.approx(overfitting.probabilistic_sharpe(*moments), rel=1e-12)
    deflated = overfitting.deflated_sharpe(*moments, trials=20, variance=sharpes.var(ddof=1))
    assert values["deflated_sharpe"] == pytest.approx(deflated, rel=1e-12)
    least = overfitting.minimum_track_record(moments[0], *moments[2:])
    assert values["minimum_track_record"] == pytest.approx(least, rel=1e-12)
    assert values["pbo"] == overfitting.backtest_overfitting(given.returns)
    assert values["daily_sharpe"] == pytest.approx(sharpes[10], rel=1e-12)
    assert figures.reasons == {}
    assert figures.edges == ()


def test_trials_without_returns_count_too():
    few, many = (sweep_figures(evidence(trials=trials)).values["deflated_sharpe"] for trials in (20, 20_000))
    assert many < few


@pytest.mark.parametrize(
    ("returns", "reasons"),
    [
        (np.zeros((512, 0)), {"deflated_sharpe": "no trial has returns", "pbo": "it takes two trials"}),
        (np.zeros((512, 3)), {"deflated_sharpe": "returns never change", "pbo": "returns never change"}),
        (np.ones((1, 3)), {"deflated_sharpe": "it takes two returns", "pbo": "it takes 16 daily returns"}),
    ],
)
def test_undefined_figures_have_a_reason(returns, reasons):
    places = landscape((LENGTH,), [{"length": 5}], [1.0], grid=True)
    figures = sweep_figures(Evidence(returns, 0, 3, places, 0))
    for name, reason in reasons.items():
        assert figures.values[name] is None
        assert figures.reasons[name] == reason
    assert figures.reasons["stability"] == "the point has no neighbour"
    found = verdict(figures, 3)
    assert found.sentence == f"The pick can't be judged: {reasons['deflated_sharpe']}."
    assert found.standing is Standing.UNKNOWN


def test_an_edge_holds_up_and_noise_looks_like_luck():
    edge, noise = (verdict(sweep_figures(evidence(edge=edge)), 20) for edge in (0.004, 0.0))
    assert edge.standing is Standing.HOLDS
    assert edge.sentence.startswith("The pick holds up: its Sharpe ratio is above what the best of 20 trials reaches")
    assert noise.standing is Standing.LUCK
    assert "is not clearly above what the best of 20 trials" in noise.sentence


def figures(deflated=0.97, pbo=0.1, stability=0.9, edges=()):
    return SweepFigures({"deflated_sharpe": deflated, "pbo": pbo, "stability": stability}, edges=edges)


@pytest.mark.parametrize(
    ("given", "outside", "standing", "words"),
    [
        (figures(), 0.6, Standing.HOLDS, "and it earned money out of sample (Sharpe 0.60)"),
        (figures(), -0.1, Standing.LUCK, "it did not earn money out of sample (Sharpe -0.10)"),
        (figures(deflated=0.9), None, Standing.DOUBTFUL, "(deflated 0.90)"),
        (figures(deflated=0.4), None, Standing.DOUBTFUL, "(deflated 0.40)"),
        (figures(deflated=0.4, pbo=0.3), None, Standing.LUCK, "in 30% of splits"),
        (figures(deflated=0.4, pbo=None), None, Standing.LUCK, "(deflated 0.40)"),
        (figures(pbo=0.3), None, Standing.DOUBTFUL, "is no better than the middle one in the other in 30% of splits"),
        (figures(pbo=0.6), None, Standing.LUCK, "in 60% of splits"),
        (figures(stability=0.2), None, Standing.DOUBTFUL, "keep 20% of its lead"),
        (figures(stability=-0.2), None, Standing.DOUBTFUL, "worse than the middle trial"),
        (figures(edges=(Edge("fast", "lowest"),)), None, Standing.DOUBTFUL, "it has the lowest fast tried"),
        (figures(pbo=None), None, Standing.HOLDS, "As far as it can be tested, the pick holds up: "),
        (figures(deflated=None, pbo=None), 0.5, Standing.HOLDS, "As far as it can be tested"),
    ],
)
def test_the_verdict_is_one_sentence(given, outside, standing, words):
    found = verdict(given, 399, outside)
    assert found.standing is standing
    assert words in found.sentence
    assert found.sentence.endswith(".")
    assert ". " not in found.sentence


def test_one_trial_is_compared_with_no_other():
    assert "what a strategy without skill reaches by luck" in verdict(figures(), 1).sentence
    assert not math.isnan(sweep_figures(evidence(trials=1)).values["deflated_sharpe"])
