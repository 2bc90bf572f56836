"""What a run and `validate --deep` say of look-ahead, where it is stored, and how long the check may take."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from orchestrate.data.loading import load_market
from orchestrate.domain.market.bars import full_history
from orchestrate.domain.orders.execution import ExecutionRules, Slippage
from orchestrate.domain.plan import Sizing
from orchestrate.orchestration.strategies.cuts import demanded
from orchestrate.orchestration.strategies.deciders import SIDES, VectorDecider
from orchestrate.usecases.api.results import BacktestResult, result_of
from orchestrate.usecases.lookahead import Allowance
from orchestrate.usecases.lookahead import simulated as simulated_acts
from orchestrate.usecases.running.run import run
from tests.backtest.plans import part, plan_of, run_plan, synthetic
from tests.orchestration.strategies.vector_rules import By, above, ahead, below, fell, rose
from tests.orchestration.strategies.vector_strategies import FitsOnce, Tosses

CONFIG = """\
capital: 100000
data: {{AAA: {{synthetic: {{bars: 400, seed: {seed}, frequency: 1d}}}}}}
strategy: {{name: "mine.py:{name}"}}
"""
MINE = '''\
import numpy as np

from orchestrate import Signals


def average(close, window=10):
    mean = np.full(len(close), np.nan)
    for row in range(window - 1, len(close)):
        mean[row] = close[row - window + 1 : row + 1].mean()
    return mean


class Dense:
    """The exits of tomorrow's falls, among entries that are honest and many."""

    threshold = 0.99

    def signals(self, bars):
        close = bars.close
        leave = np.zeros(len(close), dtype=bool)
        leave[:-1] = close[1:] < close[:-1] * self.threshold
        return Signals(close > average(close), leave)


class Denser(Dense):
    threshold = 0.985


class Honest(Dense):
    def signals(self, bars):
        close = bars.close
        return Signals(close > average(close), close < average(close))


class Tosses:
    def signals(self, bars):
        noise = np.random.default_rng().random(len(bars))
        return Signals(noise < 0.3, noise > 0.7)


class Once(Dense):
    """Can be made once only."""

    def __init__(self):
        with open("made.txt", "x"):
            pass


class Fits:
    """Keeps the mean of what it is shown first in its class."""

    mean = None

    def signals(self, bars):
        Fits.mean = bars.close.mean() if Fits.mean is None else Fits.mean
        return Signals(bars.close < Fits.mean, bars.close > Fits.mean)


class Leaves:
    """Ends the process, or so it would like to, where it is shown too little."""

    def signals(self, bars):
        if len(bars) < 400:
            raise SystemExit(7)
        return Signals(bars.close > 0, bars.close < 0)
'''


@pytest.fixture
def mine(prompt):
    prompt.write("mine.py", MINE)

    def command(name, *arguments, seed=7):
        prompt.write("mine.yaml", CONFIG.format(name=name, seed=seed))
        return prompt(*arguments[:1], "mine.yaml", *arguments[1:])

    return command


def about(document, strategy):
    return [finding for finding in document["findings"] if finding["where"] == f"strategies.{strategy}"]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", ["Dense", "Denser"])
def test_a_peek_on_exits_among_dense_entries_is_code_1(mine, prompt, name, seed):
    done = mine(name, "backtest", "--format", "json", seed=seed)
    assert (done.code, done.document["status"]) == (1, "completed")
    caught, coverage = about(done.document, name)
    peek = r"looks ahead on AAA: exit_long at \d{4}-\d\d-\d\d changes when later bars are missing"
    assert re.fullmatch(peek, caught["message"])
    assert caught["severity"] == "error"
    assert caught["message"] in done.err
    counts = r"at least \d+ of \d+ entries and \d+ of \d+ exits checked, \d+ other bars too"
    assert re.fullmatch(counts, coverage["message"])
    assert mine(name, "validate", "--deep", seed=seed).code == 1


def test_what_was_found_and_covered_is_stored_beside_the_metrics(mine, prompt):
    done = mine("Honest", "backtest", "--format", "json")
    assert done.code == 0
    [coverage] = about(done.document, "Honest")
    match = re.fullmatch(
        r"no look-ahead found: at least (\d+) of (\d+) entries and (\d+) of (\d+) exits checked, \d+ other bars too",
        coverage["message"],
    )
    assert match is not None
    assert (match[1], match[3]) == ("8", "8")
    folder = prompt.runs[0]
    stored = json.loads((folder / "run.json").read_text())
    assert stored["findings"] == [coverage]
    entries = stored["lookahead"]["Honest"]["entries"]
    assert 8 <= entries["checked"] <= entries["acted_upon"] == int(match[2])
    assert coverage not in json.loads((folder / "metrics.json").read_text())["findings"]
    assert prompt("report", "latest", "--format", "json").document == done.document


def test_metrics_are_the_same_bytes_with_and_without_the_check(mine, prompt):
    mine("Dense", "backtest", "-q")
    unchecked = mine("Dense", "backtest", "--no-lookahead-check", "--format", "json")
    assert unchecked.code == 0
    [warning] = [one for one in unchecked.document["findings"] if "--no-lookahead-check" in one["message"]]
    assert warning["severity"] == "warning"
    checked, other = ((folder / "metrics.json").read_bytes() for folder in prompt.runs)
    assert checked == other


def test_noise_is_not_repeatable_and_no_look_ahead(mine):
    done = mine("Tosses", "backtest", "--format", "json")
    assert done.code == 1
    assert "not repeatable on AAA: asked again about the same bars" in done.err
    assert "looks ahead" not in done.out + done.err
    deep = mine("Tosses", "validate", "--deep")
    assert deep.code == 1
    assert "not repeatable on AAA" in deep.out
    assert "looks ahead" not in deep.out + deep.err


def test_deep_checks_every_flag_that_would_be_acted_upon(mine):
    done = mine("Honest", "validate", "--deep")
    assert done.code == 0
    match = re.search(r"no look-ahead found: (\d+) of (\d+) entries and (\d+) of (\d+) exits checked, 64", done.out)
    assert match is not None
    assert (match[1], match[3]) == (match[2], match[4])
    assert int(match[1]) > 16


def test_what_a_class_keeps_of_the_whole_is_found_out(mine):
    assert mine("Fits", "backtest", "-q").code == 1
    assert mine("Fits", "validate", "--deep").code == 1


def test_a_strategy_that_can_be_made_once_only_is_checked_by_copies(mine):
    done = mine("Once", "backtest", "-q")
    assert done.code == 1
    assert "looks ahead on AAA" in done.err


def test_a_strategy_that_leaves_during_the_check_ends_nothing(mine):
    done = mine("Leaves", "backtest", "--format", "json")
    assert (done.code, done.document["status"]) == (0, "completed")
    warning, coverage = about(done.document, "Leaves")
    assert "could not be checked for look-ahead on AAA: it fails on its first 1, " in warning["message"]
    assert coverage["message"].startswith("0 of 1 entries")


# ---- runs in memory


def test_what_a_strategy_in_memory_keeps_of_the_whole_is_found_out():
    plan = plan_of([part("fits", "Turning")], {"A": synthetic("A")})
    assert run(plan, strategies={"fits": FitsOnce()}).looked_ahead == ("fits",)
    assert run(plan, strategies={"fits": Tosses()}).looked_ahead == ("fits",)
    assert run(plan, strategies={"fits": By(lambda b: (above(b), below(b)))}).looked_ahead == ()


def test_exits_of_entries_that_peek_are_found_out_in_a_run():
    def stops(bars):
        return above(bars), below(bars), None, None, None, np.where(ahead(bars.low) < 0.99 * bars.close, 0.05, 0.01)

    plan = plan_of([part("stops", "Turning")], {"A": synthetic("A")})
    result = run(plan, strategies={"stops": By(stops)})
    assert result.looked_ahead == ("stops",)
    [accusation] = [finding.message for finding in result.checks if finding.severity == "error"]
    assert accusation.startswith("looks ahead on A: stop_loss at ")


def both_sides(bars):
    return rose(bars) & above(bars), fell(bars), fell(bars) & below(bars), rose(bars) & below(bars)


def seldom_out(bars):
    """Entries of both sides, exits far apart: the exits of entries close first."""
    rare = np.arange(len(bars)) % 40 == 0
    return rose(bars) & above(bars), rare, fell(bars) & below(bars), rare


NO_EXITS = Sizing("fixed", Decimal(5))
BY_RISK = Sizing("risk", Decimal("0.001"), take_profit_risk_reward=Decimal(2))
#: How entries are closed: by the strategy's flags, size (none), stop_loss, take_profit and trail_loss, and the plan.
CLOSED = {
    "by flags": (both_sides, (), NO_EXITS),
    "by stop and target": (seldom_out, (None, 0.02, 0.03), NO_EXITS),
    "by a trail": (seldom_out, (None, None, None, 0.03), NO_EXITS),
    "by the plan": (seldom_out, (), BY_RISK),
    "by a stop of its own and the plan's target": (seldom_out, (None, 0.015), BY_RISK),
}


@pytest.mark.parametrize(("framework", "fill"), [("backtrader", "next_open"), ("nautilus", "close")])
@pytest.mark.parametrize("how", CLOSED)
def test_a_run_acts_upon_the_flags_that_the_simulation_names(how, fill, framework):
    flags, exits, sizing = CLOSED[how]
    strategy = By(lambda b: (*flags(b), *exits))
    rules = ExecutionRules(fill=fill, slippage=Slippage(percent=0.05))
    one = replace(part("both", "Turning", framework), sizing=sizing)
    plan = plan_of([one], {"A": synthetic("A", bars=600)}, rules)
    decisions = run_plan(plan, strategies={"both": strategy}).decisions
    market, _ = load_market(plan)
    decider = VectorDecider(strategy, market.series)
    decider.start()
    acted = demanded(decisions, market.timeline.rows)["both", "A"]
    simulated = simulated_acts(decider, market, sizing, rules)["A"]
    assert {side: acted[side].tolist() for side in SIDES} == {side: simulated[side].tolist() for side in SIDES}
    assert all(len(acted[side]) > (3 if how == "by flags" else 0) for side in SIDES)
    if how != "by flags":
        assert sum(len(acted[side]) for side in SIDES[::2]) > 2 * sum(len(acted[side]) for side in SIDES[1::2])


def test_what_a_run_refuses_or_cancels_was_acted_upon_once():
    """An entry for no whole share is refused at each bar at which it is flagged again; each of them is a demand."""
    strategy = By(lambda b: (above(b), below(b)))
    plan = plan_of([part("poor", "Turning", percent=95)], {"A": synthetic("A")}, capital=10)
    result = run_plan(plan, strategies={"poor": strategy})
    market, _ = load_market(plan)
    flags = np.flatnonzero(above(full_history(market.series["A"])))
    assert not result.fills
    acted = demanded(result.decisions, market.timeline.rows)["poor", "A"]
    assert acted["enter_long"].tolist() == flags.tolist()
    assert not len(acted["exit_long"])


# ---- time


def test_unused_time_of_one_check_goes_to_the_next():
    now = [100.0]
    allowance = Allowance(10.0, 2, clock=lambda: now[0])
    first = allowance.next()
    assert first()
    now[0] = 104.9
    assert first()
    now[0] = 105.0
    assert not first()
    now[0] = 101.0
    second = allowance.next()
    now[0] = 109.9
    assert second()
    now[0] = 110.0
    assert not second()
    assert not allowance.next()(), "nothing is left"


def test_the_python_api_says_the_same():
    plan = plan_of([part("fits", "Turning")], {"A": synthetic("A")})
    result = result_of(run(plan, strategies={"fits": FitsOnce()}), BacktestResult)
    assert any(one.severity == "error" and "looks ahead on A" in one.message for one in result.findings)
    assert next(one.document() for one in result.findings if "checked" in one.message) in result.figures["findings"]
