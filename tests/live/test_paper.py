"""A plan on paper: the run that a backtest makes of the same bars, and what is said where bars are missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from orchestrate.data.feeds.formats import FORMATS, Frames
from orchestrate.data.feeds.messages import write_tick
from orchestrate.data.loading import load_market
from orchestrate.domain.errors import ChangedDataError, ConfigurationError, DataError
from orchestrate.domain.market.stamps import moment_of
from orchestrate.domain.market.timeline import writable
from orchestrate.domain.plan import DataPlan, InstrumentPlan, RunPlan
from orchestrate.domain.portfolio import AllocationPlan
from orchestrate.domain.results import RunResult
from orchestrate.domain.ticks.replay import ticks_of
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.usecases.live.feed import FeedSettings
from orchestrate.usecases.live.paper import paper
from orchestrate.usecases.running.setup import Followers
from tests.backtest.plans import digest, part, plan_of, run_plan, synthetic
from tests.data.feeds.sources import Messages

PLAIN = FORMATS["topic_json"]
NAMES = {"B": "B.s"}
SETTINGS = FeedSettings(names=NAMES)
NOW = moment_of("2030-01-01")


def a_plan(bars: int = 300) -> RunPlan:
    """A strategy of each kind on each engine, on minutes of which some are missing."""
    data = {
        "A": synthetic("A", bars, frequency="1min", week=7),
        "B": synthetic("B", bars, 8, frequency="1min", week=7, gaps=0.2),
    }
    parts = [
        part("s0", "Turning", weight="0.3"),
        part("s1", "Dips", "nautilus", weight="0.3", kind="istrategy", symbols=["B"]),
        part("s2", "Spread", "nautilus", weight="0.2", kind="on_bar", percent=40),
    ]
    return replace(plan_of(parts, data), instruments={one: InstrumentPlan(one, precision=2) for one in data})


@pytest.fixture(scope="module")
def plan() -> RunPlan:
    return a_plan()


@pytest.fixture(scope="module")
def messages(plan: RunPlan) -> list[Frames]:
    """All ticks of the plan's data, as a feed with names of its own sends them."""
    market, _ = load_market(plan)
    return [write_tick(tick, PLAIN, NAMES.get(tick.symbol, tick.symbol)) for tick in ticks_of(market)]


def on_paper(plan: RunPlan, messages: Sequence[Frames], settings: FeedSettings = SETTINGS, **how: object) -> RunResult:
    return paper(plan, Messages(messages), settings, now=lambda: NOW, **how)  # type: ignore[arg-type]


def facts(result: RunResult) -> str:
    """A fingerprint of everything but what was noticed of the data, and by the check of look-ahead."""
    return digest(replace(result, findings=(), checks=()))


def test_a_run_on_paper_is_the_backtest_of_the_same_bars(plan: RunPlan, messages: list[Frames]) -> None:
    stored, result = run_plan(plan), on_paper(plan, messages)
    assert {record.fill.strategy_id for record in stored.fills} == {"s0", "s1", "s2"}
    assert result.fills == stored.fills
    assert facts(result) == facts(stored)


def noted(result: RunResult) -> list[tuple[str, str, int]]:
    """The findings on the feed and its ticks."""
    findings = [one for one in result.findings if one.where == "feed" or "ticks" in one.message]
    return [(one.where, one.message, one.count) for one in findings]


def test_what_is_refused_or_missing_is_a_finding_and_changes_no_fill(plan: RunPlan, messages: list[Frames]) -> None:
    bad = [[b"A {}"], [b"A"], [b"Z {}"], messages[0], messages[0]]
    mixed = [*messages[:200], *bad, *messages[200:]]
    result = on_paper(plan, mixed)
    assert facts(result) == facts(on_paper(plan, messages))
    assert noted(result) == [
        ("feed", "messages were refused: back_in_time", 2),
        ("feed", "messages were refused: frames", 1),
        ("feed", "messages were refused: no_price", 1),
        ("feed", "messages were refused: unknown_symbol", 1),
    ]


def test_skipped_numbers_and_ticks_without_any_are_findings(plan: RunPlan, messages: list[Frames]) -> None:
    without = [[frames[0].replace(b'"seq"', b'"x"')] if frames[0].startswith(b"A ") else frames for frames in messages]
    lost = [place for place, frames in enumerate(without) if frames[0].startswith(b"B.s ")][50]
    result = on_paper(plan, [*without[:lost], *without[lost + 1 :]])
    assert noted(result) == [
        ("B", "ticks are missing, by their numbers", 1),
        ("feed", "ticks of A have no 'seq': loss can't be detected", 1),
    ]


def test_a_run_ends_when_its_seconds_have_passed_and_is_completed(plan: RunPlan, messages: list[Frames]) -> None:
    """A second of this clock is a step."""
    steps: list[int] = []
    followers = Followers(progress=lambda done, _known: steps.append(done))
    result = on_paper(plan, messages, followers=followers, seconds=100.0, clock=lambda: float(len(steps)))
    assert (result.status, len(result.stamps)) == ("completed", 100)
    whole = on_paper(plan, messages).fills
    assert result.fills
    assert result.fills == tuple(record for record in whole if record.t <= int(result.labels[-1]))


def test_a_run_that_is_stopped_is_interrupted(plan: RunPlan, messages: list[Frames]) -> None:
    steps: list[int] = []
    followers = Followers(progress=lambda done, _known: steps.append(done), stop=lambda: len(steps) >= 20)
    result = on_paper(plan, messages, followers=followers)
    assert (result.status, len(result.stamps)) == ("interrupted", 20)


def test_the_symbols_of_strategies_are_those_of_a_plan_without_data(plan: RunPlan, messages: list[Frames]) -> None:
    result = on_paper(replace(plan, data={}), messages)
    assert result.fills == on_paper(plan, messages).fills


def test_prices_have_the_decimals_of_their_instrument_else_all(plan: RunPlan, messages: list[Frames]) -> None:
    coarse = replace(plan, instruments={"A": InstrumentPlan("A", precision=0)})
    wide = [[frames[0].replace(b'"bid": ', b'"bid": 0.00001, "before": ')] for frames in messages[:400]]
    series = on_paper(coarse, wide).series
    assert (series["A"].close[0], series["B"].open[0]) == (50.0, 50.000005)


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (
            [],
            r"feed: no tick has come\n +hint: is the publisher running\? it is subscribed as 'A ', 'B.s '",
        ),
        ([[b"A {}"]] * 3, r"no tick has come\n +hint: of 3 messages were refused: 3 no_price"),
        ([[b'A {"last": 1, "time": 60}']], r"no bar was complete of B\n +hint: is the publisher running\?.* as 'B.s '"),
    ],
)
def test_a_feed_that_brings_nothing_is_an_error_that_names_causes(
    plan: RunPlan, sent: list[Frames], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        on_paper(plan, sent)


ALONE: dict[str, dict[str, Any]] = {
    "data.W": {"data": {"W": DataPlan("W", resample={"of": "A", "to": "5min"})}},
    "instruments.A.fx": {"instruments": {"A": InstrumentPlan("A", currency="EUR", fx="B")}},
    "instruments.A.expiry": {"instruments": {"A": InstrumentPlan("A", asset_class="future", expiry="2020-06-19")}},
    "portfolio.allocation": {"allocation": AllocationPlan("hrp"), "start": "2010-01-04"},
}


@pytest.mark.parametrize("where", ALONE)
def test_what_only_stored_bars_can_do_is_refused(plan: RunPlan, where: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{re.escape(where)}: .* not supported in a live run yet"):
        on_paper(replace(plan, **ALONE[where]), [])


def test_a_run_without_symbols_is_refused(plan: RunPlan) -> None:
    nothing = replace(plan, data={}, strategies=tuple(replace(one, symbols=()) for one in plan.strategies))
    with pytest.raises(ConfigurationError, match="a live run needs symbols"):
        on_paper(nothing, [])


def test_bars_that_a_strategy_has_changed_are_an_error(plan: RunPlan, messages: list[Frames]) -> None:
    def forge(orchestrator: CrossFrameworkOrchestrator) -> None:
        shown = next(iter(orchestrator.session.runner.past.values()))
        writable(shown.until(1).close)[0] = 7.0

    with pytest.raises(ChangedDataError, match=r"the bars were changed .*: s0, s1, s2"):
        on_paper(plan, messages[:400], followers=Followers(ended=forge))
