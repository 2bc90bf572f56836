"""Several exits of one native: what the first of them leaves is all that the others can close."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.wiring import build_adapter
from tests.engines.builders import market_of, series
from tests.natives.scripts_of_both import BacktraderScript, NautilusScript, Script, forget
from tests.orchestration.harness import AT_CLOSE, PLAIN, HarnessRun, Part, run_harness

BOTH = pytest.mark.parametrize("framework", ["backtrader", "nautilus"])
RULES = pytest.mark.parametrize("rules", [PLAIN, AT_CLOSE], ids=["open", "close"])
Prices = Sequence[tuple[float, float, float, float]]
QUIET = (10.0, 10.0, 10.0, 10.0)


def a_market(bars: Prices) -> Market:
    """A market of one symbol, with these opens, highs, lows and closes."""
    opens, highs, lows, closes = (np.array(column) for column in zip(*bars, strict=True))
    plain = series("A", list(zip(opens.tolist(), closes.tolist(), strict=True)))
    return market_of(replace(plain, high=highs, low=lows))


def run(framework: str, script: Script, bars: Prices, rules: ExecutionRules) -> HarnessRun:
    """Run a script on 1,000 of capital."""
    NautilusScript.script = script
    own = type("Own", (BacktraderScript,), {"params": (("script", tuple(script.items())),)})
    strategy = {"backtrader": own, "nautilus": NautilusScript}[framework]
    part = Part(strategy, framework=framework, kind=framework)
    adapters = {framework: build_adapter(framework, {})}
    done = run_harness(a_market(bars), {"s": part}, rules, capital=1_000, adapters=adapters)
    forget()
    assert done.results["s"].error is None
    return done


@BOTH
@RULES
def test_of_two_exits_within_one_bar_one_fills(framework: str, rules: ExecutionRules) -> None:
    """The bar's range is 8 to 12, the limit at 11 and the stop at 9 are for all of the 50 that are held."""
    script: Script = {0: [(50.0, None)], 2: [(-50.0, 11.0), (-50.0, None, 9.0)]}
    done = run(framework, script, [QUIET, QUIET, QUIET, (10.0, 12.0, 8.0, 10.0), QUIET, QUIET], rules)
    assert done.fills() == [(50.0, 10.0), (-50.0, 11.0)]
    assert done.reasons("s")[-1] == ("rejected", "nothing_to_close", 0.0)


@BOTH
@RULES
def test_a_later_exit_of_one_bar_closes_the_rest(framework: str, rules: ExecutionRules) -> None:
    """30 of 50 are sold at 11, and then 20, not 50, at the stop of 9."""
    script: Script = {0: [(50.0, None)], 1: [(-30.0, 11.0)], 2: [(-50.0, None, 9.0)]}
    done = run(framework, script, [QUIET, QUIET, QUIET, (10.0, 12.0, 8.0, 10.0), QUIET, QUIET], rules)
    assert done.fills() == [(50.0, 10.0), (-30.0, 11.0), (-20.0, 9.0)]


@BOTH
def test_a_gap_beyond_two_exits_closes_once(framework: str) -> None:
    """The position is short, and the open at 9 lies beyond the limit at 9.5 and, placed above it, the stop at 8.5."""
    script: Script = {0: [(-50.0, None)], 2: [(30.0, 9.5), (50.0, None, 8.5)]}
    gap = (9.0, 9.0, 9.0, 9.0)
    done = run(framework, script, [QUIET, QUIET, QUIET, gap, gap, gap], PLAIN)
    assert done.fills() == [(-50.0, 10.0), (30.0, 9.0), (20.0, 9.0)]


@BOTH
@RULES
def test_a_second_stop_beyond_what_is_held_turns_the_position(framework: str, rules: ExecutionRules) -> None:
    """Two orders of one kind stand for more than is held, as in both engines: the second one is an entry."""
    script: Script = {0: [(50.0, None)], 2: [(-50.0, None, 9.5), (-50.0, None, 9.0)]}
    done = run(framework, script, [QUIET, QUIET, QUIET, (10.0, 10.0, 8.0, 8.0), QUIET, QUIET], rules)
    assert done.fills()[0] == (50.0, 10.0)
    assert sorted(done.fills()[1:]) == [(-50.0, 9.0), (-50.0, 9.5)]


@BOTH
def test_a_market_exit_and_a_stop_of_one_open_close_once(framework: str) -> None:
    """The stop lies at 9, the next bar opens at 8, where the market order sells, too."""
    script: Script = {0: [(50.0, None)], 1: [(-50.0, None, 9.0)], 2: [(-50.0, None)]}
    gap = (8.0, 8.0, 8.0, 8.0)
    done = run(framework, script, [QUIET, QUIET, QUIET, gap, gap, gap], PLAIN)
    assert done.fills() == [(50.0, 10.0), (-50.0, 8.0)]


@BOTH
@RULES
def test_an_exit_that_is_not_reached_rests_on_as_an_entry(framework: str, rules: ExecutionRules) -> None:
    """As in both engines: what the limit closed, the stop opens again, to the other side, a bar later."""
    script: Script = {0: [(50.0, None)], 2: [(-50.0, 11.0), (-50.0, None, 9.0)]}
    down = (9.5, 9.5, 8.0, 8.0)
    done = run(framework, script, [QUIET, QUIET, QUIET, (10.0, 12.0, 10.0, 10.0), QUIET, down, down], rules)
    assert done.fills() == [(50.0, 10.0), (-50.0, 11.0), (-50.0, 9.0)]
