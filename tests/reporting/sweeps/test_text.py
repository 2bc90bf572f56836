"""The text of a sweep: what it shows, and never a line that doesn't fit."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrate.analytics.sweeps.document import sweep_document
from orchestrate.domain.sweeps import Axis
from orchestrate.reporting.sweeps.text import show
from orchestrate.runs.sweeps.reading import sweep_facts
from tests.analytics.sweeps.builders import FAST, SLOW, WINDOWS, part_of, sweep_of
from tests.analytics.sweeps.stored import RUN_ID, manifest_of

GOLDEN = """\
Sweep 20260101T000000Z-abcdef  completed  exit code 0
  grid over trend.fast, trend.slow; 320 days, 2020-01-02 … 2020-11-16, in 3.20 s
  30 trials: 23 done, 2 no trades, 4 infeasible, 1 failed; 21 could be chosen

Verdict
  The pick is doubtful: its Sharpe ratio is not clearly above what the best of
  25 trials reaches by luck (deflated 0.40), and its neighbours keep 43% of its
  lead over the middle trial.

Pick
  trial       8  (highest Sharpe, the best)
  parameters  trend.fast 10, trend.slow 70
  figures     Sharpe 1.73, trades 10, return +24.29%, drawdown -5.21%

Statistics
  deflated Sharpe ratio       0.40
  probabilistic Sharpe ratio  0.98
  probability of overfitting  3.32%
  stability                   43.29%
  minimum track record        222.0 days

Best trials
  trial  trend.fast  trend.slow  Sharpe  trades   return  drawdown  win rate
      8          10          70    1.73      10  +24.29%    -5.21%         –
      7          10          50    0.64       9   +7.98%    -8.58%         –
"""


def document_of(plan, parts, out_of_sample=None, windows=(), **facts):
    figures = sweep_document(plan, parts, out_of_sample, windows)
    return sweep_facts(manifest_of(RUN_ID, {}) | facts, figures, Path("reports") / RUN_ID)


@pytest.fixture(scope="module")
def swept():
    plan, part = sweep_of()
    return plan, part


def shown(document, width=80, **more):
    file = io.StringIO()
    show(document, file=file, width=width, **more)
    return file.getvalue()


def test_a_finished_sweep(swept):
    text = shown(document_of(swept[0], [swept[1]]))
    assert text.startswith(GOLDEN)
    assert "trial 28  strategies.py:12: ZeroDivisionError: division by 0" in text
    assert f"next     orchestrate sweep show {RUN_ID} --trial 28" in text
    assert text.count("\n     ") == 10


@pytest.mark.parametrize("width", [40, 80, 100, 160])
@pytest.mark.parametrize("verbose", [False, True])
def test_no_line_is_wider_than_the_terminal(swept, width, verbose):
    gates = [{"gate": "sweep.pbo <= 0.2", "value": 0.03, "passed": True}]
    document = document_of(swept[0], [swept[1]], {"sharpe": 0.5, "total_return": 0.1}, gates=gates)
    text = shown(document, width, verbose=verbose)
    own, paths = text.split("\nrun ")[0], text.split("\nrun ")[1]
    assert max(map(len, own.splitlines())) <= width
    assert "best " in paths
    for figure in ("1.73", "0.40", "3.32%", "+24.29%"):
        assert figure in own
    assert "Sharpe 0.50" in " ".join(own.split())
    assert "sweep.pbo" in own


def test_nothing_is_shortened_in_a_pipe(swept):
    file = io.StringIO()
    show(document_of(swept[0], [swept[1]]), file=file)
    lines = file.getvalue().splitlines()
    assert sum(line.startswith("     ") for line in lines) == 20
    assert any("probability that the true Sharpe ratio exceeds what" in line for line in lines)


def test_each_window_of_a_walk_forward_is_a_line(swept):
    text = shown(document_of(swept[0], [swept[1]], {"sharpe": 0.5}, WINDOWS))
    lines = text.split("Walk-forward\n")[1].splitlines()[:3]
    assert lines[0].split()[:5] == ["test", "from", "to", "trend.fast", "trend.slow"]
    assert lines[1].split()[:5] == ["2020-04-01", "2020-06-30", "10", "70", "0.70"]
    assert lines[2].split()[:5] == ["2020-07-01", "2020-09-30", "5", "70", "–"]


def test_without_a_pick_it_says_why(swept):
    document = document_of(swept[0], [replace(swept[1], pick=None, eligible=frozenset())])
    text = shown(document)
    assert "none can be chosen" in text
    assert "–  no trial can be chosen" in text
    assert "best.yaml" not in text
    assert "Best trials" not in text


def test_edges_and_several_peaks_are_named(swept):
    plan, part = swept
    lowest = shown(document_of(plan, [replace(part, pick=1)]))
    assert "the lowest trend.fast tried" in lowest
    assert "trial 8 is the best alone" in lowest
    many = replace(part, trials=part_of(plan, (FAST, SLOW), drift=lambda shares: 0.0, seed=5).trials)
    assert "points are better than all of their neighbours" in shown(document_of(plan, [many]))


def test_each_strategy_has_its_pick():
    other = Axis("dips.period", ("strategies", "dips", "config", "period"), tuple(range(5, 15)))
    plan, part = sweep_of(axes=(FAST, SLOW, other), each="strategy")
    parts = [part_of(plan, (FAST, SLOW), strategy="trend"), part_of(plan, (other,), strategy="dips", first=30)]
    text = shown(document_of(plan, parts), width=160)
    assert "trend parameters" in text
    assert "dips parameters" in text
    assert "dips probability of overfitting" in text
    assert part.strategy == ""
